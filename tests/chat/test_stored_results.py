"""A long tool result: the model is given an extract, once and for all, and the whole stays to be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents import roster
from agents.llm.tools import tool
from agents.models import StoredResult
from agents.repeats import SHOWN_AGAIN
from agents.roster import Agent
from agents.tools.recall import recall
from chat import conversations
from chat.models import Conversation, Message, Turn, TurnEvent
from chat.stored_results import answers_of, handle_of
from tests.chat import workshop
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAP = 8_192 // 4
ORDERS = json.dumps({"orders": [{"id": n, "state": f"state of {n}"} for n in range(2_000)], "total": 2_000})
LOG = "\n".join(f"event {n} of the service" for n in range(5_000))


@tool
async def orders() -> str:
    """All orders, as JSON."""
    return ORDERS


@tool
async def logs() -> str:
    """All logs, as text."""
    return LOG


@tool
async def short() -> str:
    """One word."""
    return "short"


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Agent:
    made = workshop.agent(orders, logs, short, recall, slug="archive")
    monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, made))
    return made


async def ask(shop: Shop, user: User, text: str, *, conversation: Conversation) -> Turn:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
    return turn


def results_of(turn: Turn) -> dict[str, dict[str, Any]]:
    found = Message.objects.get(turn=turn, role="tool")
    return {part["name"]: part for part in found.parts}


async def test_the_model_reads_an_extract_and_the_whole_is_kept(
    shop: Shop, user: User, sandbox: HeldSandbox, archive: Agent
) -> None:
    conversation = await rows(conversation_of, user, agent="archive")
    turn = await ask(shop, user, "parallel 4 for the archive", conversation=conversation)
    parts = await rows(results_of, turn)
    stored = {row.tool: row for row in await rows(list, StoredResult.objects.filter(owner=user))}
    assert {name: row.text for name, row in stored.items()} == {"orders": ORDERS, "logs": LOG}
    for name, row in stored.items():
        assert (row.scope, row.size) == (str(conversation.pk), len(row.text))
        assert parts[name]["handle"] == row.handle
        assert f"recall {row.handle} reads all of it" in parts[name]["text"]
        assert len(parts[name]["text"]) < len(row.text) / 4
    assert json.loads(parts["orders"]["text"])["total"] == 2_000
    assert parts["short"]["text"] == "short"
    wire = json.dumps(sandbox.requests_with("for the archive")[-1].body)
    assert json.dumps(parts["logs"]["text"])[1:-1] in wire
    assert "event 2500" not in wire


async def test_the_log_says_that_it_was_shortened(shop: Shop, user: User, archive: Agent) -> None:
    conversation = await rows(conversation_of, user, agent="archive")
    turn = await ask(shop, user, "parallel 4", conversation=conversation)
    names = {part["call_id"]: name for name, part in (await rows(results_of, turn)).items()}
    events = await rows(list, TurnEvent.objects.filter(turn=turn, type="tool.result"))
    told = {names[event.data["id"]]: event.data for event in events}
    assert {name: data["shortened"] for name, data in told.items()} == {
        "orders": True,
        "logs": True,
        "short": False,
        "recall": False,
    }
    assert told["logs"]["tokens"] > CAP * 4
    assert told["logs"]["preview"] == LOG[:400]


async def test_the_same_extract_is_sent_ever_after(
    shop: Shop, user: User, sandbox: HeldSandbox, archive: Agent
) -> None:
    conversation = await rows(conversation_of, user, agent="archive")
    await ask(shop, user, "loop 2 for ever after", conversation=conversation)
    await ask(shop, user, "echo and again", conversation=conversation)
    requests = [entry.body["messages"] for entry in sandbox.requests_with("for ever after")]
    assert len(requests) == 4
    for before, after in pairwise(requests):
        assert bare(after)[: len(before)] == bare(before)


async def test_a_third_time_it_is_told_without_a_handle_and_the_earlier_ones_still_lead_to_all_of_it(
    shop: Shop, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, workshop.agent(logs, slug="logger")))
    conversation = await rows(conversation_of, user, agent="logger")
    turn = await ask(shop, user, "loop 3", conversation=conversation)
    messages = await rows(list, Message.objects.filter(turn=turn, role="tool").order_by("position"))
    first, second, third = [part for message in messages for part in message.parts]
    stored = await rows(list, StoredResult.objects.filter(scope=str(conversation.pk)))
    assert {row.handle: row.text for row in stored} == {first["handle"]: LOG, second["handle"]: LOG}
    for earlier in (first, second):
        assert f"recall {earlier['handle']} reads all of it" in earlier["text"]
    assert third["text"].startswith(LOG[:SHOWN_AGAIN])
    assert "not run again" in third["text"]
    assert "recall" not in third["text"]


def bare(messages: list[dict[str, Any]]) -> list[str]:
    """Without the marks that tell the provider up to where to cache."""
    return [json.dumps(message).replace(', "cache_control": {"type": "ephemeral"}', "") for message in messages]


async def test_it_goes_with_its_conversation_and_with_no_other(shop: Shop, user: User, archive: Agent) -> None:
    gone, stays = [await rows(conversation_of, user, agent="archive") for _ in range(2)]
    for conversation in (gone, stays):
        await ask(shop, user, "loop 2", conversation=conversation)
    await rows(conversations.delete, user, gone.pk)
    scopes = await rows(list, StoredResult.objects.filter(owner=user).values_list("scope", flat=True).distinct())
    assert scopes == [str(stays.pk)]


async def test_a_handle_leads_back_to_the_answer() -> None:
    for _ in range(100):
        answer = uuid.uuid4()
        handle = handle_of(str(answer), 12)
        low, high = answers_of(handle) or (answer, answer)
        assert low < answer < high
        assert handle_of(str(low), 12) == handle_of(str(high), 12) == handle
        assert len(handle) <= 14


@pytest.mark.parametrize(
    "text",
    ["", "-", "12", "12-", "-1", "x-1", "12-x", "1-2-3", "99999999999-1", f"{2**36}-1", "9" * 500 + "-1", "١٢-١"],
)
async def test_what_is_no_handle_leads_nowhere(text: str) -> None:
    assert answers_of(text) is None
