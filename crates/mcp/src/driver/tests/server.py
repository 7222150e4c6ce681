"""An MCP server to test against: logs every byte that it reads, then behaves as its first argument says."""

import json
import os
import sys
import time


def say(message):
    text = message if isinstance(message, str) else json.dumps(message)
    os.write(1, text.encode() + b"\n")


def answer(request):
    method, id = request["method"], request["id"]
    if method == "initialize":
        result = {"protocolVersion": request["params"]["protocolVersion"]}
    elif method == "tools/list":
        say('{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"read", "n":1.50},{"name":"write"}]} }' % json.dumps(id))
        return
    elif method == "tools/call":
        say({"jsonrpc": "2.0", "id": "ask", "method": "roots/list"})
        result = {"content": [], "structuredContent": {"ran": request["params"]["name"]}}
    else:
        say({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": "no"}})
        return
    say({"jsonrpc": "2.0", "id": id, "result": result})


def serve(log):
    rest = b""
    with open(log, "ab", buffering=0) as file:
        while data := os.read(0, 65536):
            file.write(data)
            rest += data
            *lines, rest = rest.split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "method" in message and "id" in message:
                    answer(message)


mode, arguments = sys.argv[1], sys.argv[2:]
if mode == "serve":
    serve(*arguments)
elif mode == "swallow":
    answer = lambda request: None
    serve(*arguments)
elif mode == "large":
    answer = lambda request: say({"jsonrpc": "2.0", "id": request["id"], "result": {"text": "w" * 400_000}})
    serve(*arguments)
elif mode == "deaf":
    time.sleep(600)
elif mode == "quit":
    os.write(2, b"no licence\n\x1b[31mred\tflag\n")
    sys.exit(3)
elif mode == "quit-after-one":
    os.read(0, 65536)
elif mode == "garbage":
    while True:
        say("Listening on stdio")
elif mode == "endless":
    while True:
        os.write(1, b"x" * 65536)
elif mode == "notes":
    while True:
        say('{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"%s"}}' % ("x" * 900))
elif mode == "closes-stdout":
    os.close(1)
    time.sleep(600)
elif mode == "closes-stdin":
    os.close(0)
    os.write(2, b"closed\n")
    time.sleep(600)
elif mode == "complains":
    for _ in range(3):
        os.write(2, b"y" * 1_000_000)
    os.write(2, b"\n")
    serve(*arguments)
elif mode == "late":
    # Answers a call once it is cancelled, and a ping at once.
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message["method"] == "notifications/cancelled":
            say({"jsonrpc": "2.0", "id": message["params"]["requestId"], "result": {"late": True}})
        elif message["method"] == "ping":
            say({"jsonrpc": "2.0", "id": message["id"], "result": {}})
elif mode == "progress":
    count, pause = int(arguments[0]), float(arguments[1])
    for line in sys.stdin.buffer:
        request = json.loads(line)
        token = request["params"]["_meta"]["progressToken"]
        for progress in range(count):
            time.sleep(pause)
            params = {"progressToken": token, "progress": progress}
            say({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
        say({"jsonrpc": "2.0", "id": request["id"], "result": {"content": []}})
