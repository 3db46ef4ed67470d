"""A task that is handed on: out of the box, the Smart Agent has the bad deployment found by the Datadog Champion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents.models import ModelCall, StoredResult
from agents.sandbox.company.story import BAD_DEPLOYMENT
from chat import ended_turns, transcript
from chat.models import DelegatedRun, Iteration, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows
from tests.chat.test_folding import check
from tests.chat.test_investigation import answer_of, ask, calls_of, results_of, set_iterations, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "Why are we seeing 500 errors in payment-service?"


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def iterations_of(turn: Turn) -> list[Iteration]:
    return list(Iteration.objects.filter(turn=turn).select_related("model_call", "run"))


@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
async def test_a_root_cause_is_found_by_the_champion(shop: Shop, user: User, model: str) -> None:
    turn = await ask(shop, user, QUESTION, conversation=await rows(conversation_of, user, model=model))
    answer = await rows(answer_of, turn)
    assert BAD_DEPLOYMENT.version in answer.split("\n\n")[0]
    assert "Confidence: high" in answer
    assert await rows(calls_of, turn) == [["delegate"], []]

    steps = await rows(iterations_of, turn)
    assert [step.n for step in steps] == list(range(1, len(steps) + 1))
    assert [step.run.agent if step.run else "" for step in steps] == ["", *["datadog-champion"] * (len(steps) - 2), ""]
    calls = [step.model_call for step in steps]
    assert [call.purpose for call in calls if call] == ["chat", *["delegate"] * (len(steps) - 2), "chat"]
    assert [call.agent for call in calls if call] == ["smart", *["datadog-champion"] * (len(steps) - 2), "smart"]
    ended = await rows(Turn.objects.select_related("model__provider").get, pk=turn.pk)
    assert ended.usage["input_tokens"] == sum(call.input_tokens or 0 for call in calls if call)
    await rows(check, ended)
