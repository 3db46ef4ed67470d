"""Reasoning on Chat Completions: it is never shown, but it is counted, and it counts against the cap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.sandbox.speakers import ChatSpeaker
from tests.agents.sandbox.stage import Stage


async def reply(stage: Stage, text: str, **more: Any) -> Any:
    arguments: dict[str, Any] = {"model": "sandbox-gpt", **more}
    return await ChatSpeaker(stage).sdk.chat.completions.create(
        messages=[{"role": "user", "content": text}], **arguments
    )


def cost(completion: Any) -> int:
    return int(completion.usage.completion_tokens_details.reasoning_tokens)


async def test_a_thought_is_hidden_and_counted(stage: Stage) -> None:
    completion = await reply(stage, "think 60 echo hi")
    assert completion.choices[0].message.content == "hi"
    assert cost(completion) == pytest.approx(60, abs=2)
    assert cost(completion) < completion.usage.completion_tokens


async def test_a_thought_may_eat_the_whole_cap(stage: Stage) -> None:
    more = {"model": "gpt-6-sol", "max_completion_tokens": 300}
    completion = await reply(stage, "think 4000 echo hi", **more)
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == (None, "length")
    assert cost(completion) == completion.usage.completion_tokens == 300
    completion = await reply(stage, "think 1000 echo hi", reasoning_effort="low", **more)
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("hi", "stop")


async def test_less_effort_is_less_thought(near_stage: Stage) -> None:
    efforts = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    costs = [cost(await reply(near_stage, "think 400 echo hi", reasoning_effort=effort)) for effort in efforts]
    assert costs == sorted(set(costs))
    assert costs[0] == 0


async def test_who_reasons_without_a_word(near_stage: Stage) -> None:
    assert cost(await reply(near_stage, "echo hi", model="gpt-5.4-mini")) > 0
    assert cost(await reply(near_stage, "echo hi", model="gpt-5.4-mini", reasoning_effort="none")) == 0
    for model in ("sandbox-gpt", "gpt-4o"):
        assert cost(await reply(near_stage, "echo hi", model=model)) == 0
    assert cost(await reply(near_stage, "think 50 echo hi", model="gpt-4o")) == 0, "it cannot reason"
