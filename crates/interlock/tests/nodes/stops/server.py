"""An MCP server that notes when each call reached it: a line with nanoseconds and the call's id, in a file of its own.

Arguments: the folder of such files, and `deaf` for a server that reads nothing.
"""

import json
import os
import sys
import time

TEXT = {"note": 10, "large": 200_000}


def answer(message):
    if message["method"] == "initialize":
        info = {"name": "noting", "version": str(os.getpid())}
        return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
    size = TEXT.get(message["params"]["arguments"]["text"], 0)
    return {"content": [{"type": "text", "text": "x" * size}]} if size else None


def serve(journal):
    waiting = b""
    while chunk := os.read(0, 65536):
        came = time.time_ns()
        *lines, waiting = (waiting + chunk).split(b"\n")
        os.write(journal, f"{came} -\n".encode())
        for message in map(json.loads, lines):
            if "id" not in message:
                continue
            os.write(journal, f"{came} {message['id']}\n".encode())
            result = answer(message)
            if result is not None:
                line = {"jsonrpc": "2.0", "id": message["id"], "result": result}
                os.write(1, json.dumps(line).encode() + b"\n")


if sys.argv[2:] == ["deaf"]:
    time.sleep(600)
name = os.path.join(sys.argv[1], str(os.getpid()))
serve(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
