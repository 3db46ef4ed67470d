"""What is promised for a turn is what the provider is sent, for every combination of layers and rules."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from agents.models import Provider, SettingRule
from agents.sandbox.journal import Entry
from agents.settings_resolution import effective
from chat import conversations
from chat.models import Conversation, Iteration, Turn, TurnEvent
from tests.agents.settings_worlds import World, worlds
from tests.chat.made import queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

SERVED = ("sandbox-claude", "sandbox-gpt")
SIZES = ((8_192, 4_096), (16_385, 4_096), (128_000, 16_384))


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def place(world: World, user: User) -> Conversation:
    model = world.build(user, slug=f"world-{uuid4().hex[:8]}")
    return conversations.create(user, provider=model.provider.slug, model=model.model_id)


def clear(conversation: Conversation) -> None:
    SettingRule.objects.all().delete()
    assert conversation.model is not None
    Provider.objects.filter(pk=conversation.model.provider_id).update(enabled=False)


def promised(conversation: Conversation) -> dict[str, Any]:
    assert conversation.model is not None
    return effective(user=conversation.owner, model=conversation.model).as_dict()


def limits_kept(turn: Turn) -> tuple[set[int], set[int]]:
    """The token limits of its receipts, and the most iterations that its log names."""
    receipts = Iteration.objects.filter(turn=turn).values_list("receipt", flat=True)
    started = TurnEvent.objects.filter(turn=turn, type="iteration.started").values_list("data", flat=True)
    return {receipt["limit"] for receipt in receipts}, {data["max"] for data in started}


def sent(entry: Entry) -> tuple[int, float]:
    body = entry.body
    return body.get("max_tokens", body.get("max_completion_tokens", 0)), body["temperature"]


@pytest.mark.asyncio(loop_scope="module")
@given(world=worlds(models=SERVED, sizes=SIZES, efforts=st.none()))
@settings(
    max_examples=int(os.environ.get("SETTINGS_EXAMPLES", "40")) // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_wire_carries_what_was_promised(shop: Shop, sandbox: HeldSandbox, world: World) -> None:
    person = await rows(User.objects.create_user, username=f"person of {uuid4()}")
    conversation = await rows(place, world, person)
    mark = f"wire {uuid4()}"
    turn = (await rows(queued, person, f"loop 2\n{mark}", conversation=conversation)).turn
    shop.worker.wake()
    await until_all([turn.pk], *Turn.ENDED)
    expected = await rows(promised, conversation)
    await rows(clear, conversation)
    turn = await rows(Turn.objects.get, pk=turn.pk)
    if turn.reason == "context_impossible":
        assert expected["values"]["context_token_limit"]["value"] < 2_000
        return
    values = {name: setting["value"] for name, setting in expected["values"].items()}
    assert turn.settings == expected
    entries = sandbox.requests_with(mark)
    if values["response_token_limit"] >= 500:  # A shorter reply may end before its tool call does.
        assert len(entries) == min(3, values["max_iterations"])
    assert {sent(entry) for entry in entries} == {(values["response_token_limit"], values["temperature"])}
    assert max(entry.input_tokens for entry in entries) <= values["context_token_limit"]
    assert await rows(limits_kept, turn) == ({values["context_token_limit"]}, {values["max_iterations"]})
