"""The agent of the governor's bench: 3,200 tokens of instructions and tools, one of which finds what it looks for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from agents.llm.tokens import TokenCounter
from agents.llm.tools import Tool, tool
from agents.model_counter import frame_tokens
from agents.roster import DEFAULT_AGENT, Agent
from bench.playing_sandbox import TOOL
from bench.texts import text_of
from bench.workload import Turn

SLUG = "researcher"
FRAME = 3_200


def researcher(turns: Mapping[str, Turn], *, counter: TokenCounter) -> Agent:
    """`counter` is that of the model that it works with."""
    look_up = _look_up(turns, factor=counter.factor)
    agent = Agent(
        slug=SLUG,
        name="Researcher",
        description="Looks things up.",
        starters=("a", "b", "c"),
        own_tools=lambda: (look_up,),
        prompt=DEFAULT_AGENT.instructions,
    )
    missing = FRAME - frame_tokens(agent, counter)
    more = text_of("instructions", tokens=missing, factor=counter.factor)
    return replace(agent, prompt=f"{agent.prompt}\n\n{more}")


def _look_up(turns: Mapping[str, Turn], *, factor: float) -> Tool:
    async def look_up(turn: str, step: int) -> str:
        """Looks up what is known about something."""
        asked = turns[turn].steps[step]
        await asyncio.sleep(asked.tool_time)
        return text_of(f"{turn} finds {step}", tokens=asked.result, factor=factor)

    assert look_up.__name__ == TOOL, "the sandbox calls it by this name"
    return tool(look_up)
