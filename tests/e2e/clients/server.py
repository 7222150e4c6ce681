"""An MCP server that answers as a call's arguments say, and notes each line that it reads.

    server.py JOURNAL [REVISION] [nextnull]

`b64` is, in base64url, the very line that it answers with, `@ID@` replaced; `big` the letters of an image; `fill` what a structured
result holds; `stray` lines of a log before the answer; `sleep` seconds until it answers. Anything else comes back as text.
"""
import base64
import json
import sys
import threading
import time

TOOLS = ("any", "slow", "ask", "forbidden", "typed")
writing = threading.Lock()


def write(line):
    with writing:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def reply(number, result):
    write(json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode() + b"\n")


def later(number, seconds):
    time.sleep(seconds)
    reply(number, {"content": [{"type": "text", "text": "slept"}]})


def fill(kind, count):
    if kind == "numbers":
        return [7] * count
    if kind == "members":
        return {f"m{number}": 1 for number in range(count)}
    return "x" * count if kind == "text" else ["x" * count] * 3


def call(number, arguments):
    if "b64" in arguments:
        line = base64.urlsafe_b64decode(arguments["b64"] + "==")
        return write(line.replace(b"@ID@", json.dumps(number).encode()))
    if "sleep" in arguments:
        threading.Thread(target=later, args=(number, arguments["sleep"]), daemon=True).start()
        return None
    for _ in range(arguments.get("stray", 0)):
        write(b"INFO handled a call\n")
    if "fill" in arguments:
        filled = fill(**arguments["fill"])
        return reply(number, {"content": [], "structuredContent": {"filled": filled}})
    if "big" in arguments:
        image = {"type": "image", "data": "A" * arguments["big"], "mimeType": "image/png"}
        return reply(number, {"content": [image]})
    return reply(number, {"content": [{"type": "text", "text": json.dumps(arguments)}]})


def handle(message, revision, mode):
    number, method = message.get("id"), message.get("method")
    if method == "initialize":
        info = {"name": "raw", "version": "1"}
        capabilities = {"tools": {"listChanged": True}}
        reply(number, {"protocolVersion": revision, "capabilities": capabilities, "serverInfo": info})
    elif method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]
        reply(number, {"tools": tools, **({"nextCursor": None} if mode == "nextnull" else {})})
    elif method == "tools/call":
        call(number, message["params"].get("arguments") or {})
    elif number is not None and method:
        reply(number, {})


def main(journal, revision="2025-06-18", mode=""):
    with open(journal, "ab", buffering=0) as kept:
        for line in sys.stdin.buffer:
            kept.write(line)
            handle(json.loads(line), revision, mode)


main(*sys.argv[1:])
