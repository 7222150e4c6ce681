"""An MCP server that notes each line it gets, byte for byte, and misbehaves as the call's `text` asks it to."""

import json
import os
import sys
import threading
import time

ENDLESS_BYTES = 80 * 1024 * 1024


def write(message):
    write_bytes(json.dumps(message).encode() + b"\n")


def write_bytes(line):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def result_of(message):
    method = message["method"]
    if method == "initialize":
        info = {"name": "probe", "version": "1"}
        return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        schema = {"type": "object"}
        return {"tools": [{"name": name, "inputSchema": schema} for name in ("note", "unlisted")]}
    return {"content": [{"type": "text", "text": "noted"}]}


def answer_when_released(held):
    """Answers what is held once the file `release` lies beside the journal."""
    while not os.path.exists(os.path.join(os.path.dirname(sys.argv[1]), "release")):
        time.sleep(0.01)
    for answer in held:
        write(answer)


def misbehave(text, answer, message):
    if text == "twice":
        write(answer)
    elif text == "unasked":
        write({"jsonrpc": "2.0", "id": "never-asked", "result": {"content": []}})
    elif text == "garbled":
        write_bytes(b'{"jsonrpc":"2.0","id":"garbled","result":{"content":"\xff"}}\n')
        write_bytes(b'{"jsonrpc":"2.0","id":"garbled","result":{"a":1,"a":2}}\n')
        write_bytes(b'{"jsonrpc":"2.0","id":"garbled","result":{}}\r\n')
        write_bytes(b'{"jsonrpc":"2.0","id":"garbled","result":' + b"[" * 5000 + b"]" * 5000 + b"}\n")
    elif text == "twice-named":
        answer["result"] = {"content": [], "structuredContent": {"a": 1}}
        line = json.dumps(answer).replace('"a": 1', '"a": 1, "\\u0061": 2')
        write_bytes(line.encode() + b"\n")
    elif text == "batched":
        write_bytes(b"[" + json.dumps(answer).encode() + b"]\n")
    elif text == "cut":
        write_bytes(json.dumps(answer).encode()[:-2] + b"\n")
    elif text == "long":
        write_bytes(json.dumps({**answer, "long": "x" * 9 * 1024 * 1024}).encode() + b"\n")
    elif text == "any":
        number = b"12345678901234567890.12345678901234567890"
        write_bytes(b'{"jsonrpc":"2.0","id":' + json.dumps(message["id"]).encode() + b',"result":{"content":[],"structuredContent":{"n":' + number + b',"big":1e400,"zero":-0.0,"N":"\\u0000\\ud800' + "\u2028".encode() + b'"}}}\r\n')
    elif text == "asks":
        write({"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}})
    elif text == "floods":
        for _ in range(100):
            write_bytes(b"nonsense\n" * 1000)
    elif text == "endless":
        for _ in range(ENDLESS_BYTES // 65536):
            write_bytes(b"x" * 65536)
    elif text == "dies":
        os._exit(3)


held = []
threading.Thread(target=answer_when_released, args=[held], daemon=True).start()
with open(sys.argv[1], "ab", buffering=0) as journal:
    for line in sys.stdin.buffer:
        journal.write(line)
        message = json.loads(line)
        if "method" not in message or "id" not in message:
            continue
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result_of(message)}
        text = message.get("params", {}).get("arguments", {}).get("text")
        if text == "hold":
            held.append(answer)
            continue
        try:
            misbehave(text, answer, message)
            write(answer)
        except BrokenPipeError:
            os._exit(4)
