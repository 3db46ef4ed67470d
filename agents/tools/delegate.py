"""`delegate`: hands a task to another agent, which works on it with its own tools and reports back.

The tool is only what a model calls. Whoever runs a turn binds it to a run inside of that turn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from agents.llm.tools import ToolSet, tool
from agents.tools.lean import lean

Specialist = Literal["datadog-champion", "api-correlator"]
SPECIALISTS: tuple[str, ...] = get_args(Specialist)
"""Slugs of the agents that take tasks. None of them hands one on."""

MOST_CHARACTERS = 8_000


@dataclass(frozen=True, kw_only=True)
class Task:
    agent: Specialist
    text: str


@tool
async def delegate(
    *,
    agent: Specialist,
    task: Annotated[
        str,
        Field(min_length=1, max_length=MOST_CHARACTERS, description="all it must know: it sees nothing of this chat"),
    ],
) -> Task:
    """Hands a task to another agent and brings its report: datadog-champion finds root causes in logs, metrics, traces
    and deployments; api-correlator compares entities across services."""
    return Task(agent=agent, text=task)


delegate = replace(lean(delegate), timeout=None)


def bound(tools: ToolSet, *, hand_on: Callable[[Task], Awaitable[object]]) -> ToolSet:
    """`tools` with a `delegate` that is done by `hand_on`; the same set where there is none in it."""

    async def run(arguments: Mapping[str, Any]) -> object:
        task = await delegate.run(arguments)
        assert isinstance(task, Task), "that is what the arguments are checked into"
        return await hand_on(task)

    return tools.running(delegate.spec.name, run)
