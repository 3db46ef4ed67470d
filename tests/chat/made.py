"""Conversations, turns and logs for tests that need no server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from chat import conversations, post, turn_start, turns
from chat.event_log import Event
from chat.lease import Lease, write_events
from chat.models import Conversation, Iteration, Turn, TurnEvent
from chat.once import Accepted
from chat.turns import Claimed


def conversation_of(user: User, *, model: str = "sandbox-claude", **more: Any) -> Conversation:
    ensure_shipped_rows()
    return conversations.create(user, provider="sandbox", model=model, **more)


def queued(user: User, text: str = "echo x", *, conversation: Conversation | None = None) -> Accepted:
    """A message with its turn, waiting for a worker."""
    place = conversation or conversation_of(user)
    return post.post_message(user=user, conversation_id=place.pk, client_message_id=uuid4().hex, text=text)


def claimed(user: User, text: str = "echo x", *, owner: str = "worker", **more: Any) -> Claimed:
    """A turn that a worker has just taken."""
    accepted = queued(user, text)
    return next(one for one in turns.claim(owner=owner, capacity=1_000, **more) if one.turn.pk == accepted.turn.pk)


def held_back(user: User, text: str = "echo x") -> Turn:
    """A turn whose first call is built and announced, and which its rate pool holds back."""
    one = claimed(user, text)
    start = turn_start.prepare(one.turn)
    assert isinstance(start.first, turn_start.Announced)
    changes = {"status": Turn.Status.WAITING, "model": start.model.pk, "settings": start.settings}
    write_events(one.lease, [start.event], **changes)
    Iteration.objects.create(turn=one.turn, n=1, receipt=start.first.receipt)
    return one.turn


def write(lease: Lease, *events: Event) -> None:
    write_events(lease, events)


def logged(turn: Turn) -> list[tuple[int, str]]:
    """The seqs and types of the turn's log."""
    return list(TurnEvent.objects.filter(turn=turn).values_list("seq", "type"))
