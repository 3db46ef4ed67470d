"""Out of the box, without any key: API Correlator finds what disagrees in the shop, whatever that is."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from accounts.models import User
from agents.models import AgentConfig, HttpSource, LanguageModel
from agents.sandbox.company import shop as company
from agents.sandbox.company.shop import ORDERS, Kind, Mismatch, order_id
from chat.models import Conversation
from tests.chat.inquiries import answer_of, ask, calls_of, results_of, set_iterations
from tests.chat.made import conversation_of
from tests.chat.shop import Shop, open_shop
from tests.chat.stage import HeldSandbox, rows
from tests.chat.test_golden import compared, listing_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAID = ("orders", "payments")
QUESTION = "Which orders disagree between orders and payments?"


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def conversation(user: User) -> Conversation:
    return await rows(conversation_of, user, agent="api-correlator")


def another_company(seed: int) -> tuple[Mismatch, ...]:
    """Up to nine mismatches of each kind: more than a summary shows."""
    numbers = random.Random(seed)
    places = numbers.sample(range(1, ORDERS + 1), ORDERS)
    kinds: tuple[Kind, ...] = ("value", "missing", "duplicate", "stale")
    planted = [
        Mismatch(kind=kind, order=order_id(places.pop()), between=PAID)
        for kind in kinds
        for _ in range(numbers.randrange(10))
    ]
    orphans = [f"ORD-99{n:03d}" for n in range(numbers.randrange(10))]
    return (*planted, *(Mismatch(kind="orphan", order=order, between=PAID) for order in orphans))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_another_company_gives_another_report(
    shop: Shop, user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    planted = another_company(seed)
    monkeypatch.setattr(company, "MISMATCHES", planted)
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    assert compared(await rows(listing_of, turn)) == {(one.kind, one.order) for one in planted}
    assert set(re.findall(r"ORD-\d+", await rows(answer_of, turn))) == {one.order for one in planted}
    assert "recall" in (await rows(calls_of, turn))[-2], "a summary shows three of each class"


async def test_where_nothing_disagrees_it_says_so(
    shop: Shop, user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company, "MISMATCHES", ())
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    answer = await rows(answer_of, turn)
    assert "`orders` and `payments` agree: all 120 entities" in answer.split("\n\n")[0]
    assert "ORD-" not in answer


async def test_where_a_list_cannot_be_read_it_says_so_and_compares_nothing(
    shop: Shop, user: User, conversation: Conversation
) -> None:
    await rows(HttpSource.objects.update, allowed_paths="/company/orders")
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    await rows(HttpSource.objects.update, allowed_paths="/company/*")
    answer = await rows(answer_of, turn)
    failed = next(part["text"] for part in await rows(results_of, turn) if not part["ok"])
    assert "could not be compared" in answer.split("\n\n")[0]
    assert f"`payments` of company could not be read: {failed}" in answer
    assert await rows(calls_of, turn) == [["call_source"] * 2, []]


async def test_on_the_last_iteration_it_says_what_is_missing(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent="api-correlator", model="sandbox-gpt")
    await rows(set_iterations, user, 3, model_id="sandbox-gpt")
    turn = await ask(shop, user, "Is every order reserved in the inventory?", conversation=conversation)
    answer = await rows(answer_of, turn)
    assert len(await rows(calls_of, turn)) == 3
    assert "could not be compared" in answer
    assert "I reached the last step" in answer


@pytest.mark.parametrize(("limit", "finds"), [(2_200, False), (2_500, False), (4_096, True)])
async def test_under_a_tight_token_limit_it_finds_all_or_says_that_it_could_not_compare(
    shop: Shop, user: User, limit: int, *, finds: bool
) -> None:
    """Pages are cut, or whole steps left out."""
    conversation = await rows(conversation_of, user, agent="api-correlator")
    await rows(set_limit, user, limit)
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    answer = await rows(answer_of, turn)
    planted = {one.order for one in company.MISMATCHES if one.between == PAID}
    assert set(re.findall(r"ORD-\d+", answer)) == (planted if finds else set())
    assert finds is not ("could not be compared" in answer)


async def test_its_third_starter_is_answered_without_any_call(
    shop: Shop, user: User, conversation: Conversation
) -> None:
    turn = await ask(shop, user, "Which kinds of mismatch do you look for?", conversation=conversation)
    assert await rows(calls_of, turn) == [[]]
    assert "duplicate" in await rows(answer_of, turn)


def set_limit(user: User, tokens: int) -> None:
    model = LanguageModel.objects.get(model_id="sandbox-claude")
    AgentConfig.objects.create(model=model, user=user, context_token_limit=tokens)
