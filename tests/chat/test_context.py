"""What a call carries: never more than the token limit, the same prefix while it fits, and few rows are read for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents import settings_resolution
from agents.llm.correction import Correction
from agents.models import LanguageModel
from agents.roster import DEFAULT_AGENT
from agents.sandbox.journal import Entry
from agents.setting_ranges import SettingValues
from chat import branches
from chat import context as contexts
from chat.models import Branch, Conversation, Iteration, Message, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 8_192


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def limit(user: User, model: str, tokens: int) -> None:
    row = LanguageModel.objects.get(model_id=model)
    settings_resolution.save(user=user, model=row, changes={"max_output_tokens": tokens})


def paste(n: int, *, words: int = 700, mark: str) -> str:
    """A long message, different from every other, that asks for a short answer."""
    return f"long 20\n{mark}\n" + " ".join(f"w{n}x{i}" for i in range(words // 4))


async def talk(shop: Shop, user: User, conversation: Conversation, texts: Sequence[str]) -> list[Turn]:
    """One message after the other, each to its end."""
    turns = []
    for text in texts:
        turn = (await rows(queued, user, text, conversation=conversation)).turn
        shop.worker.wake()
        assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
        turns.append(turn)
    return turns


def sent_messages(entry: Entry) -> list[str]:
    """The conversation of a request, without its instructions, each message as the bytes that it has on the wire. Cache
    marks wander: they are no part of what a provider compares."""
    messages: list[dict[str, Any]] = list(entry.body["messages"])
    sent = [json.dumps(message) for message in messages if message["role"] != "system"]
    return [message.replace(', "cache_control": {"type": "ephemeral"}', "") for message in sent]


def receipts(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [row.receipt for row in Iteration.objects.filter(turn__in=turns).order_by("turn__number", "n")]


@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
async def test_sixty_long_messages_never_go_over_the_limit_and_move_the_prefix_seldom(
    shop: Shop, user: User, sandbox: HeldSandbox, model: str
) -> None:
    mark = f"sixty for {model}"
    conversation = await rows(conversation_of, user, model=model)
    await rows(limit, user, model, LIMIT)
    turns = await talk(shop, user, conversation, [paste(n, mark=mark) for n in range(60)])
    requests = sandbox.requests_with(mark)
    assert len(requests) == 60
    assert max(entry.input_tokens for entry in requests) <= LIMIT
    assert max(entry.input_tokens for entry in requests) > LIMIT / 2
    moved = [
        sent_messages(after)[: len(sent_messages(before))] != sent_messages(before)
        for before, after in pairwise(requests)
    ]
    assert 0 < sum(moved) < 20
    for entry, receipt in zip(requests, await rows(receipts, turns), strict=True):
        assert entry.input_tokens <= receipt["total"] <= receipt["limit"] == LIMIT


async def test_the_iterations_of_one_turn_send_the_same_prefix_and_what_is_new(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    conversation = await rows(conversation_of, user, model="sandbox-gpt")
    await talk(shop, user, conversation, ["echo first", "loop 4 parallel 2\nsame prefix"])
    requests = sandbox.requests_with("same prefix")
    assert len(requests) == 5
    for before, after in pairwise(requests):
        assert sent_messages(after)[: len(sent_messages(before))] == sent_messages(before)
        assert len(sent_messages(after)) > len(sent_messages(before))


async def test_a_changed_limit_fits_anew_from_the_next_turn_on(shop: Shop, user: User, sandbox: HeldSandbox) -> None:
    conversation = await rows(conversation_of, user)
    sizes = []
    for step, tokens in enumerate((LIMIT, 3_000, LIMIT)):
        await rows(limit, user, "sandbox-claude", tokens)
        texts = [paste(10 * step + n, mark=f"changed limit, step {step}") for n in range(6)]
        turns = await talk(shop, user, conversation, texts)
        told = await rows(receipts, turns)
        assert {receipt["limit"] for receipt in told} == {tokens}
        assert all(receipt["total"] <= tokens for receipt in told)
        sizes.append(told[-1]["total"])
    assert sizes[1] < 3_000 < sizes[0]
    # The first call at the raised limit takes in again what the lower one had left out.
    first = sandbox.requests_with("changed limit, step 2")[0]
    assert "changed limit, step 1" in str(first.body)
    assert first.input_tokens > 3_000


async def test_what_is_left_out_is_told_exactly(shop: Shop, user: User, sandbox: HeldSandbox) -> None:
    conversation = await rows(conversation_of, user)
    await rows(limit, user, "sandbox-claude", 2_500)
    turns = await talk(shop, user, conversation, [paste(n, mark="told exactly") for n in range(8)])
    path = await rows(list, Message.objects.filter(conversation=conversation).order_by("position"))
    for number, (entry, receipt) in enumerate(
        zip(sandbox.requests_with("told exactly"), await rows(receipts, turns), strict=True)
    ):
        sent = len(sent_messages(entry))
        assert receipt["earlier"]["count"] + sent == 2 * number + 1
        assert receipt["boundary"] == str(path[receipt["earlier"]["count"]].pk)
        left_out = path[: receipt["earlier"]["count"]]
        correction = Correction(**receipt["correction"])
        stored = sum(row.token_count or 0 for row in left_out)
        assert receipt["earlier"]["tokens"] == correction.of_messages(stored)
    assert receipt["earlier"]["count"] > 0


async def test_recall_shows_what_no_longer_reaches_the_model(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(limit, user, "sandbox-claude", 2_500)
    await talk(shop, user, conversation, ["echo the word is xylophone", "recall xylophone"])
    await talk(shop, user, conversation, [paste(n, mark="filler") for n in range(4)] + ["recall xylophone"])
    answers = await rows(list, Message.objects.filter(conversation=conversation, role="assistant").order_by("position"))
    assert answers[1].parts[0]["text"].startswith("Yes")
    assert answers[-1].parts[0]["text"].startswith("No")


def a_branch_of(user: User, messages: int) -> Branch:
    conversation = conversation_of(user)
    branch = branches.fork_after(None, conversation_id=conversation.pk)
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            branch=branch,
            position=position,
            role="assistant" if position % 2 else "user",
            parts=[{"kind": "text", "text": f"message {position} " + "word " * 60}],
        )
        for position in range(messages)
    )
    return branch


def rows_fetched(queries: Sequence[dict[str, str]]) -> int:
    """How many messages the queries can have fetched at most."""
    reads = [query["sql"] for query in queries if '"chat_message"."position" DESC' in query["sql"]]
    return sum(int(sql.rsplit("LIMIT ", 1)[1]) for sql in reads)


def load(branch: Branch, tokens: int) -> tuple[contexts.TurnContext, Sequence[dict[str, str]]]:
    model = LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")
    values = SettingValues(max_output_tokens=tokens, temperature=0.7, max_iterations=15, last_messages=0)
    with CaptureQueriesContext(connection) as queries:
        loaded = contexts.load(branch=branch, agent=DEFAULT_AGENT, model=model, values=values)
    return loaded, queries.captured_queries


class TestRowsRead:
    """A long conversation costs no more than a short one."""

    async def test_of_ten_thousand_messages_only_the_newest_are_read(self, user: User) -> None:
        branch = await rows(a_branch_of, user, 10_000)
        loaded, queries = await rows(load, branch, LIMIT)
        assert len(queries) <= 4  # The page, its counts, and the transaction around them.
        assert rows_fetched(queries) == branches.PAGE
        assert LIMIT < sum(loaded.counts.values()) < 1.1 * LIMIT
        assert loaded.history[-1].text.startswith("message 9999 ")
        assert loaded.earlier.count == 10_000 - len(loaded.history)

    async def test_with_a_saved_window_no_row_before_it_is_read(self, user: User) -> None:
        branch = await rows(a_branch_of, user, 1_000)
        loaded, _ = await rows(load, branch, LIMIT)
        await rows(Message.objects.filter(branch=branch, position=999).update, role="user")
        loaded, _ = await rows(load, branch, LIMIT)
        loaded.build(is_last=False)
        await rows(contexts.save_window, loaded)
        assert loaded.window is not None
        again, queries = await rows(load, await rows(Branch.objects.get, pk=branch.pk), LIMIT)
        assert again.history[0].id == loaded.window.boundary
        assert again.build(is_last=False).request.messages == loaded.build(is_last=False).request.messages
        assert len([query for query in queries if "SELECT" in query["sql"]]) == 1

    async def test_every_row_is_counted_once(self, user: User) -> None:
        branch = await rows(a_branch_of, user, 50)
        _, first = await rows(load, branch, LIMIT)
        _, second = await rows(load, branch, LIMIT)
        assert any("UPDATE" in query["sql"] for query in first)
        assert not any("UPDATE" in query["sql"] for query in second)
