"""What a provider refuses or a cap cuts never reaches the user, if the same question can be asked in another way: on
the whole road from a queued message to the wire and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, ModelCall, Provider, Wire
from chat import conversations
from chat.models import Iteration, Turn, TurnEvent
from tests.chat.made import queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def served(model_id: str, *, capabilities: dict[str, Any], max_output_tokens: int = 128_000) -> LanguageModel:
    """A model of the sandbox on the Responses wire, of which we believe `capabilities`."""
    ensure_shipped_rows()
    model, _ = LanguageModel.objects.update_or_create(
        provider=Provider.objects.get(slug="sandbox"),
        model_id=model_id,
        defaults={
            "name": model_id,
            "wire": Wire.OPENAI_RESPONSES,
            "context_window": 400_000,
            "max_output_tokens": max_output_tokens,
            "capabilities": capabilities,
            "refused_parameters": [],
        },
    )
    return model


async def play(shop: Shop, user: User, model: LanguageModel, text: str) -> Turn:
    def send() -> Any:
        conversation = conversations.create(user, provider="sandbox", model=model.model_id)
        return queued(user, text, conversation=conversation).turn.pk

    id = await rows(send)
    shop.worker.wake()
    await until_all([id], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=id)


def calls_of(model: LanguageModel) -> Sequence[ModelCall]:
    return list(ModelCall.objects.filter(model=model).order_by("created_at"))


def said(turn: Turn) -> str:
    """What the user read."""
    deltas = TurnEvent.objects.filter(turn=turn, type="delta")
    return "".join(event.data["text"] for event in deltas)


async def test_a_refused_temperature_is_left_out_and_nobody_notices(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    wrong = {"temperature": "range", "temperature_max": 1.0}
    model = await rows(served, "gpt-5-mini", capabilities=wrong)
    turn = await play(shop, user, model, "echo tepid")
    assert (turn.status, turn.reason) == (Turn.Status.COMPLETED, "")
    assert await rows(said, turn) == "tepid"
    refused, taken = sandbox.requests_with("tepid")
    assert (refused.body["temperature"], "temperature" in taken.body) == (0.7, False)
    first, second = await rows(calls_of, model)
    assert [(call.status, call.error_code) for call in (first, second)] == [
        ("failed", "config_invalid"),
        ("completed", ""),
    ]
    iteration = await rows(Iteration.objects.get, turn_id=turn.pk)
    assert iteration.model_call_id == second.pk, "the call that was answered"
    await rows(model.refresh_from_db)
    assert model.refused_parameters == ["temperature"]
    await play(shop, user, model, "echo lukewarm")
    [only] = sandbox.requests_with("lukewarm")
    assert "temperature" not in only.body


async def test_a_cap_that_thinking_ate_is_tried_again_with_less_thought(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    model = await rows(served, "gpt-5.2", capabilities={}, max_output_tokens=300)
    turn = await play(shop, user, model, "think 800 echo frugal")
    assert (turn.status, turn.reason) == (Turn.Status.COMPLETED, "")
    assert await rows(said, turn) == "frugal"
    first, second = sandbox.requests_with("frugal")
    assert [entry.body["reasoning"].get("effort") for entry in (first, second)] == [None, "none"]
    calls = await rows(calls_of, model)
    assert [(call.status, call.finish_reason) for call in calls] == [("completed", "length"), ("completed", "stop")]
    iteration = await rows(Iteration.objects.get, turn_id=turn.pk)
    assert iteration.model_call_id == calls[1].pk
    assert turn.usage["output_tokens"] == sum(call.output_tokens or 0 for call in calls)


async def test_where_thinking_less_is_not_enough_the_user_is_told_what_to_do(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    model = await rows(served, "gpt-6.2-sol", capabilities={}, max_output_tokens=16)
    turn = await play(shop, user, model, "think 8000 echo wasteful")
    assert (turn.status, turn.reason) == (Turn.Status.FAILED, "config_invalid")
    assert "to think" in turn.error_message
    assert "Max Output Tokens" in turn.error_message
    assert len(sandbox.requests_with("wasteful")) == 2
