"""Whoever comes back sees every character once, however often and wherever the connection broke."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat import consumers, event_log
from chat.models import Message, Turn, TurnEvent
from tests.chat.stage import Person, Stage, rows
from tests.chat.tab import Frame, is_gapless, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


def logged(turn: str) -> list[Frame]:
    """The turn's log as it goes over the wire."""
    conversation = str(TurnEvent.objects.filter(turn_id=turn).values_list("turn__conversation", flat=True)[0])
    return [event.fields for event in event_log.replay(turn, conversation=conversation, after=0, limit=10_000)]


async def a_finished_turn(stage: Stage, person: Person, text: str) -> tuple[str, str]:
    """Its conversation and id."""
    conversation = await person.conversation()
    async with opened(stage, person) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, text, key=uuid4().hex)
        await tab.ended(ack["turn"])
    return str(conversation.pk), ack["turn"]


class Viewer:
    """Keeps what it has received and names its newest seq when it comes back, as the page does."""

    def __init__(self, stage: Stage, person: Person, *, conversation: str, turn: str) -> None:
        self.stage, self.person, self.conversation, self.turn = stage, person, conversation, turn
        self.events: list[Frame] = []

    @property
    def is_done(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] == "turn.ended"

    async def look(self, *, drop_after: int | None) -> None:
        """Watch until so many new events have come, then lose the connection without a word; None stays to the end."""
        async with opened(self.stage, self.person) as tab:
            cursor = self.events[-1]["seq"] if self.events else 0
            await tab.ok("subscribe", conversation=self.conversation, cursors={self.turn: cursor})

            def enough() -> bool:
                new = tab.of_turn(self.turn)
                ended = bool(new) and new[-1]["type"] == "turn.ended"
                return ended or (drop_after is not None and len(new) >= drop_after)

            await tab.until(enough, what="new events")
            if drop_after is not None:
                tab.socket.transport.abort()
            self.events += tab.of_turn(self.turn)


@pytest.mark.parametrize("seed", range(3))
async def test_dropping_the_connection_anywhere_loses_and_repeats_nothing(stage: Stage, ann: Person, seed: int) -> None:
    chance = random.Random(seed)
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        ack = await tab.send(conversation.pk, "slow loop 1 long 120", key="1")
    viewers = [Viewer(stage, ann, conversation=str(conversation.pk), turn=ack["turn"]) for _ in range(3)]

    async def watch(viewer: Viewer) -> None:
        while not viewer.is_done:
            await viewer.look(drop_after=chance.randint(1, 4))

    await asyncio.gather(*map(watch, viewers))
    truth = await rows(logged, ack["turn"])
    answers = await rows(list, Message.objects.filter(turn=ack["turn"], role="assistant").order_by("position"))
    for viewer in viewers:
        assert is_gapless(viewer.events)
        assert viewer.events == truth
    said = "".join(event["text"] for event in truth if event["type"] == "delta")
    assert said == "".join(part["text"] for row in answers for part in row.parts if part["kind"] == "text")


async def test_a_running_turn_replays_from_its_beginning_unless_named(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as first, opened(stage, ann) as second:
        await first.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await first.send(conversation.pk, "slow long 3000", key="1")
        await first.seen(ack["turn"], "delta", times=2)
        await second.ok("subscribe", conversation=str(conversation.pk), cursors={ack["turn"]: 3})
        await second.seen(ack["turn"], "delta", times=2)
        await first.ok("stop", turn=ack["turn"])
        await second.ended(ack["turn"])
    assert is_gapless(first.of_turn(ack["turn"]))
    assert is_gapless(second.of_turn(ack["turn"]), after=3)


async def test_every_cursor_of_an_ended_turn_gives_exactly_the_rest(stage: Stage, ann: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "loop 1 long 40")
    truth = await rows(logged, turn)
    for seq in range(len(truth)):
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=conversation, cursors={turn: seq})
            await tab.ended(turn)
        assert tab.of_turn(turn) == truth[seq:]


async def test_an_ended_turn_is_replayed_only_if_named(stage: Stage, ann: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "echo long over")
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=conversation, cursors={})
        ack = await tab.send(conversation, "echo something new", key=uuid4().hex)
        await tab.ended(ack["turn"])
    assert tab.of_turn(turn) == []


async def test_a_cursor_at_the_head_has_nothing_to_come(stage: Stage, ann: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "echo x")
    head = len(await rows(logged, turn))
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=conversation, cursors={turn: head})
        ack = await tab.send(conversation, "echo y", key=uuid4().hex)
        await tab.ended(ack["turn"])
    assert tab.of_turn(turn) == []
    assert not [frame for frame in tab.frames if frame["type"] == "resync"]


async def test_a_cursor_past_the_head_is_answered_with_resync(stage: Stage, ann: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "echo x")
    truth = await rows(logged, turn)
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=conversation, cursors={turn: len(truth) + 1})
        await tab.ended(turn)
    resync = next(frame for frame in tab.frames if frame["type"] == "resync")
    assert set(resync) == {"type", "turn", "reason"}
    assert resync["turn"] == turn
    assert tab.frames.index(resync) < tab.frames.index(tab.of_turn(turn)[0])
    assert tab.of_turn(turn) == truth


async def test_unknown_and_foreign_turns_among_the_cursors_are_ignored(stage: Stage, ann: Person, bob: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "echo mine")
    _, elsewhere = await a_finished_turn(stage, ann, "echo mine too")
    _, foreign = await a_finished_turn(stage, bob, "echo not yours")
    async with opened(stage, ann) as tab:
        cursors = {str(uuid4()): 3, foreign: 0, elsewhere: 0, turn: 0}
        await tab.ok("subscribe", conversation=conversation, cursors=cursors)
        await tab.ended(turn)
        await tab.ok("ping")
    assert {frame["turn"] for frame in tab.frames if frame.get("turn")} == {turn}


async def test_subscribing_twice_repeats_what_was_asked_for_and_nothing_after_it(stage: Stage, ann: Person) -> None:
    conversation, turn = await a_finished_turn(stage, ann, "echo again")
    truth = await rows(logged, turn)
    async with opened(stage, ann) as tab:
        for times in (1, 2):
            await tab.ok("subscribe", conversation=conversation, cursors={turn: 0})
            await tab.seen(turn, "turn.ended", times=times)
        await tab.ok("ping")
    assert tab.of_turn(turn) == truth * 2


def log_of_long_events(turn: str) -> None:
    """As if the turn had said 16 MB: more than the kernel's buffers hold."""
    head = TurnEvent.objects.filter(turn_id=turn).count()
    TurnEvent.objects.bulk_create(
        TurnEvent(turn_id=turn, seq=head + n, type="delta", data={"text": "x" * 2_000_000}, created_at=timezone.now())
        for n in range(1, 9)
    )
    Turn.objects.filter(pk=turn).update(seq=head + 8)


async def test_a_client_that_reads_nothing_is_closed_with_4408_and_keeps_nobody_waiting(
    stage: Stage, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "SLOW_CLIENT", 0.2)
    conversation, turn = await a_finished_turn(stage, ann, "echo x")
    await rows(log_of_long_events, turn)
    reading_nothing: dict[str, Any] = {"max_queue": 1, "max_size": None, "proxy": None}
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with connect(f"ws://{stage.address}/ws/v1/chat", additional_headers=headers, **reading_nothing) as slow:
        subscribe = {"type": "subscribe", "id": "1", "conversation": conversation, "cursors": {turn: 0}}
        await slow.send(json.dumps(subscribe))
        await a_finished_turn(stage, bob, "slow long 60")  # Somebody else's whole turn, meanwhile.
        with suppress(ConnectionClosed):
            async for _ in slow:
                pass
        assert slow.close_code == 4408
