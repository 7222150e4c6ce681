"""A client of PyPI's `mcp` that calls each tool of a JSON list and prints what came of it, a line each."""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters, types

bridge, path, calls = sys.argv[1:]


async def sample(context, params):
    text = types.TextContent(type="text", text="sampled here")
    return types.CreateMessageResult(role="assistant", content=text, model="none")


async def progress(done, total, message):
    print(json.dumps(["progress", done, total]))


async def main():
    server = StdioServerParameters(command=sys.executable, args=[bridge, path])
    # By default it first asks for the newest revision, and falls back to `initialize`.
    async with Client(server, sampling_callback=sample) as client:
        print(json.dumps(["initialized", client.protocol_version]))
        print(json.dumps(["tools", sorted(tool.name for tool in (await client.list_tools()).tools)]))
        for name, arguments in json.loads(calls):
            try:
                result = await client.call_tool(name, arguments, progress_callback=progress)
                texts = [part.text for part in result.content if part.type == "text"]
                print(json.dumps([name, result.is_error, "".join(texts)]))
            except MCPError as error:
                print(json.dumps([name, error.error.code, error.error.message]))


asyncio.run(main())
