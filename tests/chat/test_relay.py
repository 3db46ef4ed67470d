"""The hub may lose whatever it likes: what a socket sends is the log, whole and in order."""

from __future__ import annotations

import random

import pytest

from chat.hub import Hub, Payload, Subscription
from chat.wire_event import Feed, WireEvent
from tests.chat.stage import Person, Stage
from tests.chat.tab import is_gapless, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def watch_a_turn(stage: Stage, person: Person) -> None:
    conversation = await person.conversation()
    async with opened(stage, person) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "slow loop 1 long 60", key="1")
        await tab.ended(ack["turn"])
        assert is_gapless(tab.of_turn(ack["turn"]))


@pytest.mark.parametrize("lost", [0.3, 1.0])
async def test_lost_wake_ups_cost_time_and_no_text(
    stage: Stage, ann: Person, lost: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, publish = random.Random(1), Hub.publish

    def lossy(hub: Hub, topic: str, payload: Payload) -> None:
        is_first = isinstance(payload, WireEvent) and payload.seq == 1
        if is_first or chance.random() >= lost:
            publish(hub, topic, payload)

    monkeypatch.setattr(Hub, "publish", lossy)
    await watch_a_turn(stage, ann)


async def test_a_queue_that_overflows_all_the_time_costs_no_text(
    stage: Stage, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe = Hub.subscribe
    monkeypatch.setattr(Hub, "subscribe", lambda hub, *topics: subscribe(hub, *topics, capacity=1))
    await watch_a_turn(stage, ann)


async def test_repeated_and_reordered_wake_ups_are_told_once_and_in_order(
    stage: Stage, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, held = Hub.publish, []

    def shuffled(hub: Hub, topic: str, payload: Payload) -> None:
        held.append((hub, topic, payload))
        if len(held) == 3:
            for one in (*reversed(held), *held):
                publish(*one)
            held.clear()

    monkeypatch.setattr(Hub, "publish", shuffled)
    await watch_a_turn(stage, ann)


class TestHub:
    async def test_reaches_every_subscriber_of_a_topic_and_nobody_else(self) -> None:
        hub = Hub()
        one, two, other = hub.subscribe("a"), hub.subscribe("a", "b"), hub.subscribe("b")
        hub.publish("a", Feed("created", "x"))
        assert await one.next_batch() == await two.next_batch() == [Feed("created", "x")]
        other.wake()
        assert await other.next_batch() == []

    async def test_a_full_queue_says_that_it_lost_something(self) -> None:
        hub = Hub()
        slow = hub.subscribe("a", capacity=2)
        for n in range(5):
            hub.publish("a", Feed("created", str(n)))
        assert slow.lagged
        assert len(await slow.next_batch()) <= 2

    async def test_keeps_nothing_of_a_subscriber_that_has_gone(self) -> None:
        hub = Hub()
        subscription = hub.subscribe("a", "b")
        subscription.drop("a")
        subscription.close()
        subscription.close()
        assert not hub._subscribers

    async def test_a_subscription_can_take_more_topics(self) -> None:
        hub = Hub()
        subscription: Subscription = hub.subscribe()
        subscription.add("a")
        subscription.add("a")
        hub.publish("a", Feed("created", "x"))
        assert len(await subscription.next_batch()) == 1
