"""An MCP server that answers each call at once, by the tool that is called."""

import json
import os
import sys


def say(id, **outcome):
    line = json.dumps({"jsonrpc": "2.0", "id": id, **outcome}, separators=(",", ":"))
    os.write(1, line.encode() + b"\n")


def call(id, tool, marker):
    if tool == "fail":
        say(id, error={"code": -32050, "message": "failed: " + marker})
        return
    text = ("FOUND " if tool == "find" else "") + marker
    result = {"content": [{"type": "text", "text": text}]}
    if tool == "spend":
        result["structuredContent"] = {"used": 3}
    say(id, result=result)


for line in sys.stdin.buffer:
    message = json.loads(line)
    params = message.get("params", {})
    if message["method"] == "initialize":
        server = {"name": "results", "version": "1"}
        version = params["protocolVersion"]
        say(
            message["id"],
            result={"protocolVersion": version, "capabilities": {}, "serverInfo": server},
        )
    elif message["method"] == "tools/call":
        call(message["id"], params["name"], params["arguments"]["marker"])
