"""An MCP server that answers each request at once with the same text, and takes next to no time for it."""
import os
import re
import sys

ID = re.compile(rb'"id":("[^"]*"|\d+)')
GREETING = (b'"result":{"capabilities":{"tools":{}},"protocolVersion":"2025-06-18",'
            b'"serverInfo":{"name":"quick","version":"1"}}}\n')
TEXT = b'"result":{"content":[{"type":"text","text":"done"}],"isError":false}}\n'

for line in sys.stdin.buffer:
    asked = ID.search(line)
    if asked is None:
        continue
    says = GREETING if b'"method":"initialize"' in line else TEXT
    os.write(1, b'{"jsonrpc":"2.0","id":' + asked.group(1) + b"," + says)
