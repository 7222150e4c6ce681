"""An MCP server that answers late, too large or not at all, as the call's `text` says. Its argument: the file that each line
which reaches it is put in."""

import json
import os
import signal
import sys
import time

# As many as a call that takes longer than its deadline tells of, and how long it takes for each.
PROGRESS, PAUSE_S = 10, 0.5

journal = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
waiting = {}


def write(line):
    while line:
        line = line[os.write(1, line):]


def say(message):
    write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def noted(id, **more):
    say({"id": id, "result": {"content": [{"text": "noted", "type": "text"}], **more}})


def call(id, text, meta):
    if text == "hang":
        return
    if text == "late":
        waiting["late"] = id
        return
    if text == "asks":
        waiting["asks"] = id
        say({"id": "asked", "method": "roots/list"})
        return
    if text == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "large":
        return noted(id, more="x" * 9 * 1024 * 1024)
    if text == "floods":
        for _ in range(100):
            write(b"nonsense\n" * 1000)
    if text == "progress":
        for number in range(PROGRESS):
            time.sleep(PAUSE_S)
            params = {"progress": number, "progressToken": meta["progressToken"]}
            say({"method": "notifications/progress", "params": params})
    noted(id)


for line in sys.stdin.buffer:
    os.write(journal, line)
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    params = message.get("params", {})
    if method == "initialize":
        info = {"name": "slow", "version": "1"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        say({"id": id, "result": result})
    elif method == "notifications/cancelled" and params["requestId"] == waiting.get("late"):
        noted(waiting.pop("late"))
    elif method == "tools/call":
        call(id, params["arguments"]["text"], params.get("_meta", {}))
    elif id == "asked":
        noted(waiting.pop("asks"))
