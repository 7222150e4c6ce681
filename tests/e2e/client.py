"""A client of PyPI's `mcp`, driven by lines.

    client.py PROGRAM [ARGUMENT...]

It starts PROGRAM as its MCP server and shakes hands with it. Each line of its standard input is then a call,
`{"tool", "arguments"}`, with a member `meta` where it has metadata; for each it prints a line, `{"tool", "text", "is_error"}` or `{"tool", "error"}` with the
JSON-RPC error. What it was told besides comes as lines with a member `event`.
"""
import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters, types

ROOT = "file:///srv/interlock-test-root"


def say(**members):
    print(json.dumps(members), flush=True)


async def sample(context, params):
    say(event="sampling", prompt=params.messages[0].content.text)
    text = types.TextContent(type="text", text="sampled by the client")
    return types.CreateMessageResult(role="assistant", content=text, model="none")


async def elicit(context, params):
    say(event="elicitation", message=params.message)
    return types.ElicitResult(action="decline")


async def list_roots(context):
    say(event="roots")
    return types.ListRootsResult(roots=[types.Root(uri=ROOT, name="test")])


async def log(params):
    say(event="logging", data=params.data)


async def call(client, tool, arguments, meta=None):
    try:
        result = await client.call_tool(tool, arguments, meta=meta)
    except MCPError as error:
        return say(tool=tool, error=error.error.model_dump(mode="json"))
    texts = [part.text for part in result.content if part.type == "text"]
    return say(tool=tool, text="".join(texts), is_error=bool(result.is_error))


async def main(program, arguments):
    server = StdioServerParameters(command=program, args=arguments)
    asks = {
        "sampling_callback": sample,
        "elicitation_callback": elicit,
        "list_roots_callback": list_roots,
        "logging_callback": log,
    }
    async with Client(server, **asks) as client:
        say(event="initialized", protocol_version=client.protocol_version)
        tools = (await client.list_tools()).tools
        say(event="tools", names=sorted(tool.name for tool in tools))
        while line := await asyncio.to_thread(sys.stdin.readline):
            wanted = json.loads(line)
            await call(client, **wanted)


asyncio.run(main(sys.argv[1], sys.argv[2:]))
