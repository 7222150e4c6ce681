"""An MCP server that talks of its own accord. Arguments: the file that each line which reaches it is put in, and what it says
once it is initialized: `asks=N` roots/list requests, `floods=N` notifications."""

import json
import os
import sys

journal = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
says = dict(word.split("=") for word in sys.argv[2:])


def say(*messages):
    left = b"".join(json.dumps({"jsonrpc": "2.0", **one}).encode() + b"\n" for one in messages)
    while left:
        left = left[os.write(1, left):]


for line in sys.stdin.buffer:
    os.write(journal, line)
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    if method == "initialize":
        info = {"name": "talking", "version": "1"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        say({"id": id, "result": result})
    elif method == "notifications/initialized":
        say(*({"id": f"r{n}", "method": "roots/list"} for n in range(int(says.get("asks", 0)))))
        note = {"method": "notifications/message", "params": {"data": "x", "level": "info"}}
        for _ in range(int(says.get("floods", 0)) // 100):
            say(*[note] * 100)
    elif method == "tools/call":
        say({"id": id, "result": {"content": [{"text": "noted", "type": "text"}]}})
