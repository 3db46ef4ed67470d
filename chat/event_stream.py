"""A turn's events as server-sent events: replayed from the log, then followed until the turn has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from django.http import StreamingHttpResponse

from accounts.live_credentials import Credential
from agents.threads import in_thread
from chat import engine, event_log, send_limits
from chat.hub import Subscription
from chat.models import Turn

NET_EVERY = 1.0  # seconds between looks at the log when nothing was heard


class _Reader:
    """Who reads a stream. Turned away by the socket guard like a socket, when its credential no longer holds."""

    def __init__(self, credential: Credential, subscription: Subscription) -> None:
        self.credential = credential
        self.gone = False
        self._subscription = subscription

    async def turn_away(self) -> None:
        self.gone = True
        self._subscription.wake()


def response(turn: Turn, after: int, credential: Credential) -> StreamingHttpResponse:
    """The turn's events after seq `after`, until it has ended."""
    stream = StreamingHttpResponse(_server_sent(turn, after, credential), content_type="text/event-stream")
    stream["Cache-Control"] = "no-store"
    stream["X-Accel-Buffering"] = "no"
    return stream


async def _server_sent(turn: Turn, after: int, credential: Credential) -> AsyncIterator[str]:
    """Replay, then follow the log until the turn has ended. The hub only says when to look.

    A stream counts as one of its user's sockets; one too many, or one whose user is no longer let in, just ends.
    """
    conversation = str(turn.conversation_id)
    running = await engine.ensure_started()
    if running.guard.count(credential.user_id) >= send_limits.SOCKETS_PER_USER:
        return
    subscription = running.hub.subscribe(conversation)
    reader = _Reader(credential, subscription)
    running.guard.add(reader)
    try:
        while not reader.gone:
            for event in await in_thread(event_log.replay)(turn.pk, conversation=conversation, after=after):
                after = event.seq
                yield f"id: {event.seq}\nevent: {event.fields['type']}\ndata: {event.text}\n\n"
                if event.fields["type"] == "turn.ended":
                    return
            if await in_thread(_is_over)(turn.pk, after):
                return
            try:
                await asyncio.wait_for(subscription.next_batch(), NET_EVERY)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        running.guard.remove(reader)
        subscription.close()


def _is_over(turn_id: UUID, after: int) -> bool:
    """Ended, with nothing left to send; or deleted meanwhile."""
    turn = Turn.objects.filter(pk=turn_id).first()
    return turn is None or (turn.status in Turn.ENDED and after >= turn.seq)
