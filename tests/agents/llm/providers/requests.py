"""Requests to test with."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.capabilities import Capabilities
from agents.llm.errors import LLMError
from agents.llm.events import CallAdmitted, ModelEvent
from agents.llm.messages import ToolSpec, user_text
from agents.llm.providers.base import BlockCounts, ChatModel, ModelRequest

WEATHER = ToolSpec(
    name="get_weather",
    description="The weather of a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)

TAKES_A_TEMPERATURE = Capabilities(temperature="range", temperature_max=2.0)
THINKS = Capabilities(
    temperature="none", thinking="default_on", efforts=("none", "low", "high"), default_effort="high", cache="marked"
)


def ask(**fields: Any) -> ModelRequest:
    """A small request; what a test cares about it says itself."""
    counts = BlockCounts(instructions=0, tools=0, overhead=0, messages=(1,))
    given = {
        "model": "some-model",
        "instructions": "Be brief.",
        "messages": (user_text("Hello"),),
        "max_output_tokens": 256,
        "counts": counts,
        "capabilities": TAKES_A_TEMPERATURE,
        **fields,
    }
    return ModelRequest(**given)


async def events_of(model: ChatModel, request: ModelRequest | None = None) -> list[ModelEvent]:
    """Of the answer: without what only a governor needs."""
    events = [event async for event in model.stream(request or ask())]
    return [event for event in events if not isinstance(event, CallAdmitted)]


async def admissions_of(model: ChatModel, request: ModelRequest | None = None) -> list[CallAdmitted]:
    events = [event async for event in model.stream(request or ask())]
    return [event for event in events if isinstance(event, CallAdmitted)]


async def failure_of(model: ChatModel) -> tuple[list[ModelEvent], LLMError]:
    """What was yielded before the failure, and the failure."""
    seen: list[ModelEvent] = []
    try:
        async for event in model.stream(ask()):
            if not isinstance(event, CallAdmitted):
                seen.append(event)
    except LLMError as error:
        return seen, error
    pytest.fail(f"no failure after {seen}")
