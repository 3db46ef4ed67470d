"""Golden investigations of the sandbox's company, on every kind of provider and every wire, with nothing set up: by the
agents that they are for, and handed on to these by the Smart Agent.

What is found is held against the company's ground truth, never against wording; what it took, against the limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from pytest_django import Settings

from accounts.models import User
from agents.models import ModelCall, StoredResult
from agents.roster import shipped
from agents.sandbox.company.shop import MISMATCHES
from agents.sandbox.company.story import BAD_DEPLOYMENT, CHANGES, ERROR_KIND, ONSET_MINUTE
from chat.context import summary
from chat.models import Turn
from tests.chat.inquiries import answer_of, calls_booked, calls_of, receipts_of, settings_of, started
from tests.chat.kinds import Account, Kind, account, kinds, reachable
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMART, CHAMPION, CORRELATOR = "smart", "datadog-champion", "api-correlator"
WHY, WHICH = "Why are we seeing 500 errors in payment-service?", "Which orders disagree between orders and payments?"


@pytest.fixture(autouse=True)
def _reachable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with reachable(settings, monkeypatch):
        yield


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


@kinds
async def test_all_three_at_once(shop: Shop, user: User, sandbox: HeldSandbox, kind: Kind) -> None:
    async with account(kind) as provider:
        asked = (
            (CHAMPION, starter(CHAMPION, 0)),
            (CORRELATOR, starter(CORRELATOR, 0)),
            (CORRELATOR, starter(CORRELATOR, 1)),
        )
        ids = [
            await rows(started, user, text, conversation=await provider.conversation(user, agent=agent))
            for agent, text in asked
        ]
        shop.worker.wake()
        assert await until_all(ids, *Turn.ENDED) == ["completed"] * 3
        deployment, payments, inventory = [await rows(Turn.objects.get, pk=id) for id in ids]
        await the_deployment_is_found(deployment, sandbox)
        await exactly_the_planted_are_found(payments, between=("orders", "payments"))
        await exactly_the_planted_are_found(inventory, between=("orders", "inventory"))
        calls = sum([await the_limits_are_kept(turn) for turn in (deployment, payments, inventory)])
        nothing_was_refused(provider, calls=calls)


@kinds
async def test_both_handed_on_by_the_smart_agent(shop: Shop, user: User, sandbox: HeldSandbox, kind: Kind) -> None:
    async with account(kind) as provider:
        ids = [
            await rows(started, user, text, conversation=await provider.conversation(user, agent=SMART))
            for text in (WHY, WHICH)
        ]
        shop.worker.wake()
        assert await until_all(ids, *Turn.ENDED) == ["completed"] * 2
        deployment, payments = [await rows(Turn.objects.get, pk=id) for id in ids]
        assert await rows(calls_of, deployment) == await rows(calls_of, payments) == [["delegate"], []]
        await the_deployment_is_found(deployment, sandbox)
        await exactly_the_planted_are_found(payments, between=("orders", "payments"))
        calls = await handed_on_within_the_limits(deployment, to=CHAMPION)
        calls += await handed_on_within_the_limits(payments, to=CORRELATOR)
        nothing_was_refused(provider, calls=calls)


def starter(agent: str, number: int) -> str:
    found = shipped(agent)
    assert found is not None
    return found.starters[number]


async def the_deployment_is_found(turn: Turn, sandbox: HeldSandbox) -> None:
    answer = await rows(answer_of, turn)
    _, deployed = sandbox.company.story.look()
    finding = answer.split("\n\n")[0]
    for fact in (BAD_DEPLOYMENT.service, BAD_DEPLOYMENT.version, BAD_DEPLOYMENT.about, minute_of(deployed)):
        assert fact in finding
    assert minute_of(deployed + 60 * ONSET_MINUTE) in finding
    assert ERROR_KIND in answer
    for harmless in CHANGES:
        assert harmless is BAD_DEPLOYMENT or harmless.version not in finding


def minute_of(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%dT%H:%M")


async def exactly_the_planted_are_found(turn: Turn, *, between: tuple[str, str]) -> None:
    planted = {(one.kind, one.order) for one in MISMATCHES if one.between == between}
    assert set(re.findall(r"ORD-\d+", await rows(answer_of, turn))) == {order for _, order in planted}
    assert compared(await rows(listing_of, turn)) == planted


def listing_of(turn: Turn) -> dict[str, Any]:
    """The whole of what `correlate` found."""
    [row] = StoredResult.objects.filter(scope=str(turn.conversation_id), tool="correlate")
    listing: dict[str, Any] = json.loads(row.text)
    return listing


def compared(listing: dict[str, Any]) -> set[tuple[str, str]]:
    """In the words of the ground truth: an old state is stale, what only the right has is an orphan."""
    kinds = {"missing_on_right": "missing", "missing_on_left": "orphan", "duplicate": "duplicate", "timing": "stale"}
    found = {(kinds[kind], order_of(row)) for kind, rows in listing.items() if kind in kinds for row in rows}
    return found | {("stale" if "status=state" in row else "value", order_of(row)) for row in listing["value"]}


def order_of(row: dict[str, Any]) -> str:
    return str(row["key"]).partition(" / ")[0]


async def the_limits_are_kept(turn: Turn) -> int:
    """How many model calls there were."""
    iterations = await rows(calls_of, turn)
    assert iterations[-1] == []
    assert all(iterations[:-1])
    booked = await booked_within_the_limits(turn)
    assert 4 <= len(iterations) == len(booked)
    return len(booked)


async def handed_on_within_the_limits(turn: Turn, *, to: str) -> int:
    """How many model calls there were, those inside of the run included: they count as the turn's own do."""
    booked = await booked_within_the_limits(turn)
    inside = len(booked) - 2
    assert inside >= 4
    assert [call.agent for call in booked] == [SMART, *[to] * inside, SMART]
    return len(booked)


async def booked_within_the_limits(turn: Turn) -> list[ModelCall]:
    """Every model call of the turn, whoever's."""
    limits = await rows(settings_of, turn)
    booked, receipts = await rows(calls_booked, turn), await rows(receipts_of, turn)
    assert len(booked) == len(receipts) <= limits["max_iterations"]
    for call, receipt in zip(booked, receipts, strict=True):
        assert 0 < (call.input_tokens or 0) <= limits["context_token_limit"]
        assert summary(receipt)["tokens"] <= summary(receipt)["limit"] == limits["context_token_limit"]
        assert call.rate_limited == 0
    return booked


def nothing_was_refused(provider: Account, *, calls: int) -> None:
    judged = provider.judged()
    counted = {name: judged[name] for name in ("admitted", "rate_limited", "failed", "overloaded")}
    assert counted == {"admitted": calls, "rate_limited": 0, "failed": 0, "overloaded": 0}, judged
