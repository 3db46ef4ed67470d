"""An agent with tools that wait, break and talk, for turns that are looked at while they run."""

from __future__ import annotations

import asyncio

from agents.llm.errors import ToolFailed
from agents.llm.tools import Tool, ToolSet, tool
from agents.roster import Agent


class Bench:
    """A tool that takes until `release` is set. `begun` counts its calls, `cancelled` those that were stopped."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.begun = 0
        self.cancelled = 0
        self.at_once = 0
        self.most_at_once = 0

    def tool(self) -> Tool:
        @tool
        async def hold() -> str:
            """Takes its time."""
            self.begun += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            finally:
                self.at_once -= 1
            return "held"

        return hold


@tool
async def refuse() -> str:
    """Says no."""
    raise ToolFailed("it was refused")


@tool
async def explode() -> str:
    """Breaks in a way that nobody foresaw."""
    raise RuntimeError("a secret detail")


@tool
async def talk() -> str:
    """Says more than a preview holds."""
    return "word " * 300


def agent(*tools: Tool, slug: str = "workshop") -> Agent:
    """An agent with these tools."""
    made = Agent(slug=slug, name="Workshop", description="For tests.", starters=("a", "b", "c"))
    vars(made).update(tools=ToolSet(tools), instructions="You are a workshop.")
    return made
