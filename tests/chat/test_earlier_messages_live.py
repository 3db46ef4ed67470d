"""Last Messages at work: a conversation that goes on, as the provider sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents import settings_resolution
from agents.models import LanguageModel
from chat.models import Conversation, Iteration, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def cap(user: User, messages: int) -> None:
    model = LanguageModel.objects.get(model_id="sandbox-claude", provider__slug="sandbox")
    settings_resolution.save(user=user, model=model, changes={"last_messages": messages})


def receipts_of(conversation: Conversation) -> list[dict[str, Any]]:
    found = Iteration.objects.filter(turn__conversation=conversation).order_by("turn__number", "n")
    return list(found.values_list("receipt", flat=True))


def unmarked(message: dict[str, Any]) -> str:
    """The message without cache marks, which wander."""
    return str(message).replace(", 'cache_control': {'type': 'ephemeral'}", "")


async def test_a_conversation_never_sends_more_than_the_cap_and_moves_its_prefix_seldom(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    conversation = await rows(conversation_of, user)
    await rows(cap, user, 8)
    for n in range(16):
        turn = (await rows(queued, user, f"echo capped {n}", conversation=conversation)).turn
        shop.worker.wake()
        assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
    bodies = [[unmarked(m) for m in entry.body["messages"]] for entry in sandbox.requests_with("capped")]
    assert len(bodies) == 16
    assert [len(body) - 1 for body in bodies] == [0, 2, 4, 6, 8, 4, 6, 8, 4, 6, 8, 4, 6, 8, 4, 6]
    moved = [after[: len(before)] != before for before, after in pairwise(bodies)]
    assert sum(moved) == 4
    for number, (body, receipt) in enumerate(zip(bodies, await rows(receipts_of, conversation), strict=True)):
        left_out = 2 * number + 1 - len(body)
        reasons = receipt["earlier"]["reasons"]
        assert receipt["earlier"]["count"] == left_out
        assert {name: tally["count"] for name, tally in reasons.items()} == (
            {"over_last_messages": left_out} if left_out else {}
        )
