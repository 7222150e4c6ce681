"""A client without a library, driven by lines as python.py is. What it writes ends as `LINE_END` says."""
import json
import os
import queue
import subprocess
import sys
import threading
import time

END = os.environ.get("LINE_END", "\n").encode()


class Session:
    def __init__(self, server):
        self.asked = 0
        self.lines = queue.Queue()
        self.server = subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.server.stdout:
            try:
                self.lines.put(json.loads(line))
            except ValueError:
                pass
        self.lines.put(None)

    def write(self, message):
        text = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, separators=(",", ":"))
        try:
            self.server.stdin.write(text.encode() + END)
            self.server.stdin.flush()
        except BrokenPipeError:
            pass

    def ask(self, method, params, within_ms):
        self.asked += 1
        self.write({"id": self.asked, "method": method, "params": params})
        member, value = self.answer(within_ms)
        print(json.dumps({member: value}), flush=True)

    def answer(self, within_ms):
        end = time.monotonic() + within_ms / 1000
        while True:
            try:
                message = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return "hung", within_ms
            if message is None:
                return "failed", f"it ended with {self.server.wait()}"
            if isinstance(message, dict) and message.get("id") == self.asked and "method" not in message:
                member = "result" if "result" in message else "error"
                return member, message[member]

    def close(self):
        try:
            self.server.stdin.close()
        except BrokenPipeError:
            pass
        return self.server.wait()


session = None
for line in sys.stdin:
    question = json.loads(line)
    within_ms = question["within_ms"]
    if "open" in question:
        if session:
            session.close()
        session = Session(question["open"])
        info = {"name": "raw", "version": "1"}
        greeting = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
        session.ask("initialize", greeting, within_ms)
        session.write({"method": "notifications/initialized"})
    elif "list" in question:
        session.ask("tools/list", {}, within_ms)
    else:
        session.ask("tools/call", {"name": question["tool"], "arguments": question["arguments"]}, within_ms)
if session:
    session.close()
