"""A client of PyPI's `mcp`, of both major versions, driven by lines.

Each line of standard input is a question with a member `within_ms`: `{"open": [PROGRAM, ARGUMENT...]}` closes the session that
is open, starts PROGRAM as the MCP server and shakes hands; `{"list": true}` lists its tools; `{"tool", "arguments"}` calls
one. For each it prints a line with one member: `result`, `error` (of JSON-RPC), `hung`, or `failed` (what the library objects to).
"""
import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
import mcp

Refused = getattr(mcp, "MCPError", None) or mcp.McpError


def told(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


async def say(asked, within_ms):
    member, value = await outcome(asked, within_ms)
    print(json.dumps({member: value}), flush=True)


async def outcome(asked, within_ms):
    try:
        return "result", told(await asyncio.wait_for(asked, within_ms / 1000))
    except Refused as refused:
        return "error", told(refused.error)
    except asyncio.TimeoutError:
        return "hung", within_ms
    except Exception as why:
        return "failed", repr(why)


async def next_question():
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


async def session_of(opening, following):
    """A session with one server; the question that closes it goes into `following`."""
    program, *arguments = opening["open"]
    server = StdioServerParameters(command=program, args=arguments)
    async with stdio_client(server) as (reader, writer), ClientSession(reader, writer) as session:
        await say(session.initialize(), opening["within_ms"])
        while (question := await next_question()) and "open" not in question:
            asked = session.list_tools() if "list" in question else session.call_tool(question["tool"], question["arguments"])
            await say(asked, question["within_ms"])
        following.append(question)


async def main():
    following = [await next_question()]
    while opening := following.pop():
        try:
            await session_of(opening, following)
        except Exception:
            # The library fails now and then when it closes a session whose server has gone.
            if not following:
                raise


asyncio.run(main())
