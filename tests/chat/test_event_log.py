"""The log is written before it is told, in order, without a gap, whatever happens to the database or to a caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio
from django.db import IntegrityError, OperationalError

from accounts.models import User
from chat import event_log, turns
from chat.event_log import EventLog, LogClosed
from chat.hub import Hub, Subscription
from chat.lease import LeaseLost
from chat.models import Conversation, Turn, TurnEvent
from chat.turns import Claimed
from chat.wire_event import WireEvent
from tests.chat.made import claimed
from tests.chat.stage import PATIENCE, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = 60.0
"""Seconds: a window that no test lives to see the end of."""


@dataclass(kw_only=True)
class Desk:
    """A log that runs, and whoever listens to it."""

    log: EventLog
    hub: Hub
    task: asyncio.Task[None]

    def listen(self, one: Claimed) -> Subscription:
        return self.hub.subscribe(str(one.turn.conversation_id))


@asynccontextmanager
async def open_desk(*, window: float) -> AsyncIterator[Desk]:
    hub = Hub()
    log = EventLog(hub, window=window)
    desk = Desk(log=log, hub=hub, task=asyncio.create_task(log.run()))
    try:
        yield desk
    finally:
        desk.task.cancel()
        with suppress(asyncio.CancelledError):
            await desk.task


@pytest_asyncio.fixture(loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(window=0.01) as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def one(user: User) -> Claimed:
    return await rows(claimed, user)


def log_of(one: Claimed) -> list[tuple[int, str, str]]:
    found = TurnEvent.objects.filter(turn=one.turn).order_by("seq")
    return [(event.seq, event.type, event.data.get("text", "")) for event in found]


async def heard(subscription: Subscription, count: int) -> list[WireEvent]:
    found: list[WireEvent] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            found += [payload for payload in await subscription.next_batch() if isinstance(payload, WireEvent)]
    return found


async def test_what_is_appended_is_committed_when_append_returns_and_told_after(desk: Desk, one: Claimed) -> None:
    listener = desk.listen(one)
    await desk.log.append(one.lease, ("usage", {"a": 1}), ("usage", {"a": 2}))
    assert [entry[:2] for entry in await rows(log_of, one)] == [(1, "turn.queued"), (2, "usage"), (3, "usage")]
    assert [event.seq for event in await heard(listener, 2)] == [2, 3]


async def test_a_turns_first_delta_does_not_wait_for_the_window(one: Claimed) -> None:
    async with open_desk(window=LONG) as desk:
        listener = desk.listen(one)
        desk.log.append_delta(one.lease, "delta", "first")
        assert [event.fields["text"] for event in await heard(listener, 1)] == ["first"]


async def test_later_deltas_are_joined_and_written_with_the_next_other_event(one: Claimed) -> None:
    async with open_desk(window=LONG) as desk:
        listener = desk.listen(one)
        desk.log.append_delta(one.lease, "delta", "first")
        await heard(listener, 1)
        for text in (" a", " b", " c"):
            desk.log.append_delta(one.lease, "delta", text)
        desk.log.append_delta(one.lease, "reasoning", "hm")
        desk.log.append_delta(one.lease, "delta", " d")
        await desk.log.append(one.lease, ("usage", {}))
    assert (await rows(log_of, one))[1:] == [
        (2, "delta", "first"),
        (3, "delta", " a b c"),
        (4, "reasoning", "hm"),
        (5, "delta", " d"),
        (6, "usage", ""),
    ]


async def test_rows_and_events_are_kept_together_or_not_at_all(desk: Desk, one: Claimed) -> None:
    def rename_and_break() -> None:
        Conversation.objects.filter(pk=one.turn.conversation_id).update(title="never")
        raise IntegrityError("broken")

    def rename() -> None:
        Conversation.objects.filter(pk=one.turn.conversation_id).update(title="kept")

    with pytest.raises(IntegrityError):
        await desk.log.append(one.lease, ("usage", {}), rows=rename_and_break)
    assert len(await rows(log_of, one)) == 1
    assert (await rows(Conversation.objects.get, pk=one.turn.conversation_id)).title != "never"
    await desk.log.append(one.lease, ("usage", {}), rows=rename)
    assert [entry[0] for entry in await rows(log_of, one)] == [1, 2]
    assert (await rows(Conversation.objects.get, pk=one.turn.conversation_id)).title == "kept"


async def test_what_is_noted_is_written_with_what_is_appended_next(desk: Desk, one: Claimed) -> None:
    def rename() -> None:
        Conversation.objects.filter(pk=one.turn.conversation_id).update(title="noted")

    desk.log.note(one.lease, ("iteration.started", {"text": "noted"}), changes={"reason": "noted"}, rows=rename)
    await asyncio.sleep(0.05)  # Several windows.
    assert len(await rows(log_of, one)) == 1
    await desk.log.append(one.lease, ("usage", {}))
    assert (await rows(log_of, one))[1:] == [(2, "iteration.started", "noted"), (3, "usage", "")]
    turn = await rows(Turn.objects.select_related("conversation").get, pk=one.turn.pk)
    assert (turn.reason, turn.conversation.title) == ("noted", "noted")


async def test_what_is_noted_is_lost_with_what_it_belongs_to(desk: Desk, one: Claimed) -> None:
    def fail() -> None:
        raise ValueError("broken")

    desk.log.note(one.lease, ("iteration.started", {}))
    with pytest.raises(ValueError, match="broken"):
        await desk.log.append(one.lease, rows=fail)
    assert len(await rows(log_of, one)) == 1
    await desk.log.append(one.lease, ("usage", {}))
    assert (await rows(log_of, one))[1:] == [(2, "usage", "")]


async def test_the_fault_of_one_turn_is_not_another_ones(desk: Desk, user: User, one: Claimed) -> None:
    fenced, broken = await rows(claimed, user), await rows(claimed, user)
    await rows(turns.take_over, fenced.turn.pk)

    def fail() -> None:
        raise ValueError("broken")

    outcomes = await asyncio.gather(
        desk.log.append(fenced.lease, ("usage", {})),
        desk.log.append(broken.lease, ("usage", {}), rows=fail),
        desk.log.append(one.lease, ("usage", {})),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [LeaseLost, ValueError, type(None)]
    assert [len(await rows(log_of, each)) for each in (fenced, broken, one)] == [1, 1, 2]


async def test_a_busy_database_is_asked_again_and_nothing_is_written_twice(
    desk: Desk, user: User, one: Claimed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RETRY_PAUSES", (0.01, 0.01, 0.01))
    other = await rows(claimed, user)
    left = iter((OperationalError("database is locked"), OperationalError("database is locked")))
    listener = desk.listen(one)

    def busy_at_first() -> None:
        if fault := next(left, None):
            raise fault

    desk.log.append_delta(one.lease, "delta", "hello")
    await asyncio.gather(
        desk.log.append(one.lease, ("usage", {}), rows=busy_at_first), desk.log.append(other.lease, ("usage", {}))
    )
    assert (await rows(log_of, one))[1:] == [(2, "delta", "hello"), (3, "usage", "")]
    assert len(await rows(log_of, other)) == 2
    assert [event.seq for event in await heard(listener, 2)] == [2, 3]


async def test_when_it_stays_busy_the_turn_is_given_up_rather_than_torn(
    desk: Desk, one: Claimed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_log, "RETRY_PAUSES", (0.01,))

    def always_busy() -> None:
        raise OperationalError("database is locked")

    desk.log.append_delta(one.lease, "delta", "this text is lost")
    with pytest.raises(OperationalError):
        await desk.log.append(one.lease, ("usage", {}), rows=always_busy)
    with pytest.raises(LeaseLost):
        await desk.log.append(one.lease, ("usage", {}))
    assert len(await rows(log_of, one)) == 1
    assert "could not write the events" in caplog.text


async def test_a_cancelled_caller_hears_of_it_only_when_its_events_are_written(desk: Desk, one: Claimed) -> None:
    begun = asyncio.create_task(desk.log.append(one.lease, ("usage", {})))
    await asyncio.sleep(0)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert len(await rows(log_of, one)) == 2


async def test_nobody_waits_for_a_log_that_is_closed(one: Claimed) -> None:
    async with open_desk(window=LONG) as desk:
        await desk.log.append(one.lease, ("usage", {}))
        waiting = asyncio.create_task(desk.log.append(one.lease, ("usage", {})))
        await asyncio.sleep(0)
        desk.task.cancel()
        with pytest.raises(LogClosed):
            await waiting
        with pytest.raises(LogClosed):
            await desk.log.append(one.lease, ("usage", {}))


async def test_many_turns_at_once_stay_apart_and_gapless(desk: Desk, user: User) -> None:
    several = [await rows(claimed, user) for _ in range(10)]

    async def write(number: int, turn: Claimed) -> None:
        for n in range(30):
            desk.log.append_delta(turn.lease, "delta", f"{number}.{n} ")
            if n % 7 == 0:
                await desk.log.append(turn.lease, ("usage", {}))
            await asyncio.sleep(0)
        await desk.log.append(turn.lease, ("usage", {}))

    await asyncio.gather(*(write(number, turn) for number, turn in enumerate(several)))
    for number, turn in enumerate(several):
        log = await rows(log_of, turn)
        assert [entry[0] for entry in log] == list(range(1, len(log) + 1))
        assert "".join(entry[2] for entry in log[1:]) == "".join(f"{number}.{n} " for n in range(30))


async def test_replay_gives_pages_after_a_seq(desk: Desk, one: Claimed) -> None:
    await desk.log.append(one.lease, *[("usage", {"n": n}) for n in range(5)])
    conversation = str(one.turn.conversation_id)
    page = await rows(event_log.replay, one.turn.pk, conversation=conversation, after=2, limit=3)
    assert [event.seq for event in page] == [3, 4, 5]
    assert await rows(event_log.replay, one.turn.pk, conversation=conversation, after=6) == []
