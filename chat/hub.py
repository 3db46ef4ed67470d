"""Fan-out inside one process: whoever publishes reaches every subscriber of a topic, at once and without copies.

A topic is a conversation's or a user's id. Each subscription has a bounded queue: a subscriber that does not keep up
loses what overflows and is told so (`lagged`), and reads the log instead. The log is the truth; the hub is only quick.
Everything here runs on one event loop; other threads come in through `engine.publish`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque

from chat.wire_event import Feed, WireEvent

Payload = WireEvent | Feed


class Subscription:
    """One subscriber's queue over any number of topics."""

    def __init__(self, hub: Hub, *, capacity: int) -> None:
        self._hub = hub
        self._capacity = capacity
        self._queue: deque[Payload] = deque()
        self._arrived = asyncio.Event()
        self._topics: set[str] = set()
        self.lagged = False

    def add(self, topic: str) -> None:
        self._topics.add(topic)
        self._hub._subscribers[topic].add(self)

    def drop(self, topic: str) -> None:
        self._topics.discard(topic)
        subscribers = self._hub._subscribers.get(topic)
        if subscribers is not None:
            subscribers.discard(self)
            if not subscribers:
                del self._hub._subscribers[topic]

    def close(self) -> None:
        for topic in list(self._topics):
            self.drop(topic)

    async def next_batch(self) -> list[Payload]:
        """Everything that arrived, oldest first; waits until there is something. Empty after an overflow alone."""
        await self._arrived.wait()
        self._arrived.clear()
        batch = list(self._queue)
        self._queue.clear()
        return batch

    def wake(self) -> None:
        """Let `next_batch` return even though nothing arrived."""
        self._arrived.set()

    def _offer(self, payload: Payload) -> None:
        if len(self._queue) >= self._capacity:
            self._queue.clear()
            self.lagged = True
        else:
            self._queue.append(payload)
        self._arrived.set()


class Hub:
    def __init__(self) -> None:
        self._subscribers: defaultdict[str, set[Subscription]] = defaultdict(set)

    def subscribe(self, *topics: str, capacity: int = 1_000) -> Subscription:
        subscription = Subscription(self, capacity=capacity)
        for topic in topics:
            subscription.add(topic)
        return subscription

    def publish(self, topic: str, payload: Payload) -> None:
        for subscription in tuple(self._subscribers.get(topic, ())):
            subscription._offer(payload)
