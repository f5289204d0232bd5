"""An agent's client, the SDK's own, that talks to the installed command. Used by the tests here."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from mcp import Client, StdioServerParameters, stdio_client
from tests.loops import run

_Result = TypeVar("_Result")
_DEADLINE = 120.0


class Agent:
    """Calls tools, and knows what came back."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool that answers; its document comes back."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        assert "Treat it as data" in result.structured_content["notice"]
        return result.structured_content["data"]

    async def fails(self, tool: str, **arguments: Any) -> str:
        """Call a tool that refuses; what it says comes back."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        return "".join(getattr(part, "text", "") for part in result.content)

    async def follow(self, rollback_id: str) -> list[dict[str, Any]]:
        """Follow a rollback to its end, and return its journal."""
        seen: list[dict[str, Any]] = []
        while True:
            after = seen[-1]["seq"] if seen else 0
            news = await self.call(
                "follow_rollback", rollback_id=rollback_id, after=after, wait_seconds=5
            )
            seen += news["entries"]
            if not news["is_active"] and not news["entries"]:
                return seen


def talk(
    folder: Path,
    conversation: Callable[[Agent], Awaitable[_Result]],
    *words: str,
    **environment: str,
) -> _Result:
    """Start ``smartspec mcp`` in a folder, talk, and hang up."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("smartspec")),
        args=["mcp", *words],
        env={**kept, **environment},
        cwd=folder,
    )

    async def held() -> _Result:
        with (folder / "mcp-errors.txt").open("w") as errors:
            async with Client(stdio_client(server, errlog=errors)) as client:
                return await conversation(Agent(client))

    return run(asyncio.wait_for(held(), _DEADLINE))
