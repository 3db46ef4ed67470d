"""What a model thought goes back to it on the whole road: from the stream through the rows and the token limiter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, Provider, Wire
from chat import conversations
from chat.models import Conversation, Turn
from tests.chat.made import queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = [
    (Wire.ANTHROPIC_MESSAGES, "claude-opus-5-5"),
    (Wire.ANTHROPIC_MESSAGES, "claude-haiku-5-5"),
    (Wire.OPENAI_RESPONSES, "gpt-6.2-sol"),
    (Wire.OPENAI_RESPONSES, "gpt-5-mini"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def conversation_with(user: User, *, wire: Wire, model_id: str) -> Conversation:
    ensure_shipped_rows()
    LanguageModel.objects.get_or_create(
        provider=Provider.objects.get(slug="sandbox"),
        model_id=model_id,
        defaults={"name": model_id, "wire": wire, "context_window": 400_000, "max_output_tokens": 64_000},
    )
    return conversations.create(user, provider="sandbox", model=model_id)


async def play(shop: Shop, user: User, conversation: Conversation, text: str) -> Turn:
    id = (await rows(queued, user, text, conversation=conversation)).turn.pk
    shop.worker.wake()
    await until_all([id], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=id)


def thoughts_in(body: Mapping[str, Any]) -> int:
    items = body.get("input") or [block for message in body["messages"] for block in message["content"]]
    return sum(item["type"] in ("thinking", "redacted_thinking", "reasoning") for item in items)


@pytest.mark.parametrize(("wire", "model_id"), MODELS)
async def test_thoughts_go_back_within_a_turn_and_never_make_a_request_fail(
    shop: Shop, user: User, sandbox: HeldSandbox, wire: Wire, model_id: str
) -> None:
    """The sandbox refuses a thought that was changed, or whose history was, as the models of that name do."""
    conversation = await rows(conversation_with, user, wire=wire, model_id=model_id)
    mark = f"ponder{model_id}"
    for text in (f"think 80 loop 2 {mark}", "think 80 loop 1", "echo Done"):
        turn = await play(shop, user, conversation, text)
        assert (turn.status, turn.reason) == (Turn.Status.COMPLETED, ""), turn.error_message
    requests = sandbox.requests_with(mark)
    assert len(requests) == 3 + 2 + 1
    assert [thoughts_in(entry.body) for entry in requests[:3]] == [0, 1, 2]
    assert requests[0].body.get("temperature") is None
