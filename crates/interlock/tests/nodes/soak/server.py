"""An MCP server that answers each call in the shape that its argument `shape` names. What each shape comes to for the agent is
in `shapes.rs`."""

import json
import os
import sys
import threading

LARGE_BYTES = 200_000
TOO_LARGE_BYTES = 9 * 1024 * 1024
FLOOD = 20
UNRULY = 40_000
LATE_SECONDS = 0.2

writing = threading.Lock()
asked = 0


def write(data):
    with writing:
        while data:
            data = data[os.write(1, data):]


def line(message):
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def say(**message):
    write(line({"jsonrpc": "2.0", **message}))


def result(marker, **more):
    return {"content": [{"type": "text", "text": marker}], **more}


def ask(method, params):
    """Asks the client for something; what comes of it is not waited for."""
    global asked
    asked += 1
    say(id=f"ask-{asked}", method=method, params=params)
    return f"ask-{asked}"


def raw(id, text):
    """A result of exactly this text."""
    return b'{"jsonrpc":"2.0","id":' + json.dumps(id).encode() + b',"result":' + text + b"}\n"


def call(id, params):
    arguments = params.get("arguments") or {}
    shape, marker = arguments.get("shape", "valid"), str(arguments.get("marker", ""))
    answer = line({"jsonrpc": "2.0", "id": id, "result": result(marker)})
    content = json.dumps(result(marker))[:-1].encode()
    token = (params.get("_meta") or {}).get("progressToken")
    match shape:
        case "late":
            threading.Timer(LATE_SECONDS, write, [answer]).start()
        case "never":
            pass
        case "twice":
            write(answer + answer)
        case "wrong-id":
            write(raw("nobody-asked", b"{}") + raw(-7, b"{}") + answer)
        case "unclear-id":
            write(raw([id], b"{}") + answer)
        case "other-type":
            write(line({"jsonrpc": "2.0", "id": str(id) + " ", "result": {}}) + answer)
        case "error":
            error = {"code": 7, "message": marker + "\u2028\x07", "data": {"a": [None, 1e300]}}
            say(id=id, error=error)
        case "error-odd":
            say(id=id, error={"code": 1.5, "message": 7})
        case "error-more":
            say(id=id, error={"code": 7, "message": marker, "more": [1]})
        case "lines-between":
            noise = b"Listening on stdio\n\n   \n{\"level\":\"info\",\"id\":1}\nnot json [\n\xff\xfe\n"
            write(noise + answer + noise)
        case "odd-numbers":
            numbers = b'"structuredContent":{"n":12345678901234567890.1234567890,"big":1e400,"zero":-0.0}'
            write(raw(id, content + b"," + numbers + b"}"))
        case "odd-text":
            text = b'"x":"\\ud800\\u0000' + "\u2028\u0085é".encode() + b'","X":null'
            write(raw(id, content + b"," + text + b"}"))
        case "crlf":
            write(answer.replace(b"\n", b"\r\n"))
        case "large":
            say(id=id, result=result(marker, more="y" * LARGE_BYTES))
        case "too-large":
            write(raw(id, b'{"x":"' + b"x" * TOO_LARGE_BYTES + b'"}'))
        case "repeated-name":
            write(raw(id, b'{"a":1,"\\u0061":2}'))
        case "batch":
            write(b"[" + answer[:-1] + b"]\n")
        case "no-object":
            write(raw(id, b"7"))
        case "both":
            say(id=id, result={}, error={"code": 1, "message": ""})
        case "flood":
            note = line({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x", "level": "info"}})
            write(note * FLOOD + answer + note * FLOOD)
        case "stderr":
            os.write(2, b"a line of its log \x1b[31m\n" * 2_000)
            write(answer)
        case "progress":
            for step in range(3):
                say(method="notifications/progress", params={"progressToken": token, "progress": step})
            write(answer)
        case "asks":
            ask("roots/list", {})
            ask("sampling/createMessage", {"messages": [], "maxTokens": 1})
            ask("no/such/method", {})
            taken_back = ask("ping", {})
            say(method="notifications/cancelled", params={"requestId": taken_back})
            say(method="notifications/tools/list_changed")
            write(answer)
        case "pieces":
            for at in range(0, len(answer), 7):
                write(answer[at:at + 7])
        case "cut":
            write(answer[:-3] + b"\n")
        case "crash":
            os._exit(3)
        case "closes":
            os.close(1)
        case "unruly":
            write(b"nonsense\n" * UNRULY)
        case _:
            write(answer)


def serve():
    for text in sys.stdin.buffer:
        message = json.loads(text)
        method, id = message.get("method"), message.get("id")
        if id is None or method is None:
            continue
        params = message.get("params") or {}
        if method == "initialize":
            info = {"name": "raw", "version": "1"}
            say(id=id, result={"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info})
        elif method == "tools/list":
            names = ("note", "bind", "look", "find", "unlisted")
            say(id=id, result={"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]})
        elif method == "tools/call":
            call(id, params)
        else:
            say(id=id, result={})


try:
    serve()
except BrokenPipeError:
    os._exit(4)
# Timers of late answers keep no process alive.
os._exit(0)
