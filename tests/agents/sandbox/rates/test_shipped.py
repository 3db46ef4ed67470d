"""What is limited where nobody has configured anything: two models, and nothing else."""

from __future__ import annotations

import anthropic
import openai
import orjson
import pytest

from agents import registry
from agents.sandbox.app import ACCOUNT_PATH
from agents.sandbox.rates.shipped import SHIPPED_POOLS, TIGHT_CLAUDE, TIGHT_GPT
from agents.sandbox.served import models_of
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker, hear
from tests.agents.sandbox.stage import Stage

LONG = "word " * 25_000 + "\necho hi"


def test_their_numbers() -> None:
    assert dict(TIGHT_CLAUDE.limits) == {"requests": 50, "input_tokens": 40_000, "output_tokens": 8_000}
    assert dict(TIGHT_GPT.limits) == {"requests": 50, "tokens": 40_000}


def test_each_holds_one_served_model() -> None:
    served = [model for vendor in ("anthropic", "openai") for model in models_of(vendor)]
    held = [[model.id for model in served if pool.holds(model)] for pool in SHIPPED_POOLS]
    assert held == [["sandbox-claude-tight"], ["sandbox-gpt-tight"]]


async def test_the_tight_ones_are_limited_and_their_twins_are_not(near_stage: Stage) -> None:
    claude, gpt = MessagesSpeaker(near_stage), ChatSpeaker(near_stage)
    for model in ("sandbox-claude", "claude-sonnet-4-6"):
        for _ in range(2):
            assert (await hear(claude, LONG, model=model)).text == "hi"
    assert (await hear(claude, LONG, model="sandbox-claude-tight", max_tokens=100)).text == "hi"
    with pytest.raises(anthropic.RateLimitError, match="40,000 input tokens per minute"):
        await hear(claude, LONG, model="sandbox-claude-tight")
    for model in ("sandbox-gpt", "gpt-4.1"):
        await hear(gpt, LONG, model=model, max_tokens=10_000)
    await hear(gpt, LONG, model="sandbox-gpt-tight", max_tokens=10_000)
    with pytest.raises(openai.RateLimitError, match=r"sandbox-gpt-tight .* Limit 40000"):
        await hear(gpt, LONG, model="sandbox-gpt-tight", max_tokens=10_000)


async def test_the_sandbox_of_the_server_has_these_limits() -> None:
    headers = {"authorization": "Bearer nobody"}
    answer = await registry.sandbox().handle(method="GET", path=ACCOUNT_PATH, headers=headers, body=b"")
    told = orjson.loads(b"".join([chunk async for chunk in answer.chunks]))
    assert [(pool["pool"], pool["admitted"]) for pool in told["pools"]] == [(pool.name, 0) for pool in SHIPPED_POOLS]
