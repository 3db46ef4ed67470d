"""Brings a socket's turns up to date and keeps them so: replay from the log first, then live from the hub.

It knows the newest seq that the client has of each turn. A live event that follows goes out at once; a repeat is
dropped; after a gap or an overflow the log is read. Each second the log is asked about open turns anyway: what the hub
does not carry (another process's turn) arrives a moment later.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from uuid import UUID

from django.db.models import Q

from agents.threads import in_thread
from chat import event_log
from chat.hub import Subscription
from chat.models import Turn
from chat.wire_event import Feed, WireEvent

NET_EVERY = 1.0  # seconds
REPLAY_PAGE = 500  # events

Cursors = Mapping[UUID, int]


class Relay:
    """`send_text` takes a frame, `send_resync` a turn id; both wait while the client is slow."""

    def __init__(
        self,
        *,
        subscription: Subscription,
        send_text: Callable[[str], Awaitable[None]],
        send_resync: Callable[[str], Awaitable[None]],
        net_every: float = NET_EVERY,
    ) -> None:
        self._subscription = subscription
        self._send_text = send_text
        self._send_resync = send_resync
        self._net_every = net_every
        self._cursors: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._open: set[str] = set()
        self._to_watch: list[tuple[str, Cursors]] = []

    def watch(self, conversation: UUID, cursors: Cursors) -> None:
        """Send what the conversation's turns have after `cursors`, and then everything new."""
        self._subscription.add(str(conversation))
        self._to_watch.append((str(conversation), cursors))
        self._subscription.wake()

    def unwatch(self, conversation: UUID) -> None:
        self._subscription.drop(str(conversation))
        self._open -= self._cursors.pop(str(conversation), {}).keys()

    async def run(self) -> None:
        while True:
            batch = []
            with suppress(TimeoutError):
                async with asyncio.timeout(self._net_every if self._open else None):
                    batch = await self._subscription.next_batch()
            while self._to_watch:
                await self._catch_up_all(*self._to_watch.pop(0))
            for payload in batch:
                await (self._send_text(payload.text) if isinstance(payload, Feed) else self._deliver(payload))
            if self._subscription.lagged or not batch:
                self._subscription.lagged = False
                for conversation in list(self._cursors):
                    await self._catch_up_all(conversation, {})

    async def _deliver(self, event: WireEvent) -> None:
        conversation = event.fields["conversation"]
        if conversation not in self._cursors:
            return  # It was unwatched meanwhile.
        seen = self._cursors[conversation].get(event.turn, 0)
        if event.seq == seen + 1:
            await self._send(event)
        elif event.seq > seen:
            await self._catch_up(conversation, event.turn)

    async def _send(self, event: WireEvent) -> None:
        self._cursors[event.fields["conversation"]][event.turn] = event.seq
        if event.fields["type"] == "turn.ended":
            self._open.discard(event.turn)
        else:
            self._open.add(event.turn)
        await self._send_text(event.text)

    async def _catch_up_all(self, conversation: str, named: Cursors) -> None:
        """Running and queued turns from where the client is; ended ones only if named or still open here."""
        cursors = self._cursors[conversation]
        wanted = {str(turn) for turn in named} | (self._open & cursors.keys())
        heads = await in_thread(_heads)(conversation, wanted)
        self._open -= cursors.keys() - heads.keys()  # What was deleted never ends.
        for turn, head in heads.items():
            asked = named.get(UUID(turn))
            if asked is not None and asked > head:
                await self._send_resync(turn)
                asked = 0
            if asked is not None:
                cursors[turn] = asked
            if cursors.get(turn, 0) < head:
                await self._catch_up(conversation, turn)

    async def _catch_up(self, conversation: str, turn: str) -> None:
        while True:
            after = self._cursors[conversation].get(turn, 0)
            page = await in_thread(event_log.replay)(turn, conversation=conversation, after=after, limit=REPLAY_PAGE)
            for event in page:
                await self._send(event)
            if len(page) < REPLAY_PAGE:
                return


def _heads(conversation: str, named: set[str]) -> dict[str, int]:
    """The newest seq of each unended turn of the conversation, and of the named ones."""
    rows = Turn.objects.filter(conversation_id=conversation).filter(Q(pk__in=named) | ~Q(status__in=Turn.ENDED))
    return {str(pk): seq for pk, seq in rows.order_by("number").values_list("pk", "seq")}
