"""A call of another agent that waits for its rate pool is told like the turn's own, and its steps are the owner's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from agents.models import RatePool
from chat.models import Turn
from tests.chat.pools import Tap, with_pool
from tests.chat.stage import Person, Stage, eventually, rows
from tests.chat.tab import Tab, opened
from tests.chat.test_waiting import call

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "Why are we seeing 500 errors in payment-service?"
SMART, SECOND_STEP = "You are Smart Agent", "where the errors are."


@pytest_asyncio.fixture(loop_scope="module")
async def tap(stage: Stage) -> AsyncIterator[Tap]:
    tap = await rows(with_pool, "sandbox-gpt")
    yield tap
    await tap.fill()
    await rows(RatePool.objects.filter(models=tap.model).delete)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(stage: Stage, ann: Person) -> AsyncIterator[Tab]:
    async with opened(stage, ann) as tab:
        yield tab


async def handed_on(stage: Stage, ann: Person, tab: Tab, tap: Tap, *, held: str = SMART) -> str:
    """The id of a turn whose other agent waits: the call that `held` is in was the last to be granted."""
    conversation = await ann.conversation(model="sandbox-gpt")
    await tab.ok("subscribe", conversation=str(conversation.pk))
    stage.sandbox.waiting[held.encode()] = 0
    release = stage.sandbox.hold(held)
    turn = (await tab.send(conversation.pk, QUESTION, key=uuid4().hex))["turn"]
    await eventually(lambda: stage.sandbox.waiting[held.encode()])
    await tap.empty()
    release.set()
    await tab.seen(turn, "turn.waiting")
    return str(turn)


async def test_it_is_told_from_its_start_to_its_grant(stage: Stage, ann: Person, tab: Tab, tap: Tap) -> None:
    turn = await handed_on(stage, ann, tab, tap)
    kinds = [event["type"] for event in tab.of_turn(turn)]
    assert kinds[-2:] == ["delegate.iteration", "turn.waiting"]
    assert (await rows(Turn.objects.get, pk=turn)).status == "waiting"
    await tap.fill()
    assert (await tab.seen(turn, "turn.granted"))["waited_ms"] > 0
    assert (await tab.ended(turn))["status"] == "completed"
    steps = sorted({event["n"] for event in tab.of_turn(turn) if event["type"] == "delegate.iteration"})
    assert steps == [2, 3, 4, 5, 6]


async def test_less_of_it_can_be_asked_for(stage: Stage, ann: Person, tab: Tab, tap: Tap) -> None:
    turn = await handed_on(stage, ann, tab, tap, held=SECOND_STEP)
    step = [event for event in tab.of_turn(turn) if event["type"] == "delegate.iteration"][-1]
    assert step["n"] == 4
    status, told = await call(stage, ann, "GET", f"/turns/{turn}/shorter")
    assert (status, told["tokens"]) == (200, step["tokens"])
    assert told["shorter_tokens"] <= told["tokens"]
    status, _ = await call(stage, ann, "POST", f"/turns/{turn}/shorten")
    assert status == 202
    await tap.fill()
    assert (await tab.ended(turn))["status"] == "completed"
    assert (await rows(Turn.objects.get, pk=turn)).shorter_requested_at is None


async def test_a_stop_ends_the_wait(stage: Stage, ann: Person, tab: Tab, tap: Tap) -> None:
    turn = await handed_on(stage, ann, tab, tap)
    await tab.ok("stop", turn=turn)
    assert (await tab.ended(turn))["status"] == "stopped"
    await tap.fill()


async def test_its_receipts_and_steps_are_its_owner_s_alone(
    stage: Stage, ann: Person, bob: Person, tab: Tab, tap: Tap
) -> None:
    turn = await handed_on(stage, ann, tab, tap)
    for path in ("shorter", "receipts", "events"):
        assert (await call(stage, bob, "GET", f"/turns/{turn}/{path}"))[0] == 404
        assert (await call(stage, None, "GET", f"/turns/{turn}/{path}"))[0] == 401
    await tap.fill()
    await tab.ended(turn)
    _, receipts = await call(stage, ann, "GET", f"/turns/{turn}/receipts")
    agents = [receipt["agent"] for receipt in receipts["items"]]
    assert agents == ["smart", *["datadog-champion"] * 5, "smart"]
    [handed] = [event for event in tab.of_turn(turn) if event["type"] == "tool.call"]
    own = [receipt["delegate_call"] for receipt in receipts["items"]]
    assert own == [None, *[handed["id"]] * 5, None]
    assert all(receipt["reported"]["input_tokens"] > 0 for receipt in receipts["items"])
