"""A repeat changes nothing: one answer for each `client_message_id` of a user, however often it is asked for.

The same id with the same body gets the same answer with `duplicate` set; with another body it is an
`IdempotencyConflict`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import CharField, QuerySet, UUIDField

from accounts.models import User
from accounts.refusals import IdempotencyConflict
from agents.prepared import Select, Slot
from chat.models import Conversation, Message, Turn
from chat.turns import Claimed
from chat.wire_event import WireEvent


def _used() -> QuerySet[Any, tuple[uuid.UUID]]:
    owner, key = Slot("user", UUIDField()), Slot("key", CharField())
    sent = Message.objects.filter(author=owner, client_message_id=key)
    regenerated = Turn.objects.filter(conversation__owner=owner, client_message_id=key)
    return sent.values_list("pk").union(regenerated.values_list("pk"), all=True)


_USED = Select(_used)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What was accepted. `events` are new in the log and not yet published; empty for a duplicate.

    `claimed` is there if a worker of this process took the turn at once: it must be started.
    """

    conversation: Conversation
    turn: Turn
    message: Message
    duplicate: bool = False
    events: list[WireEvent] = field(default_factory=list)
    renamed: bool = False
    claimed: Claimed | None = None


def once(
    user: User, client_message_id: str, *, body: str, check: Callable[[], None], write: Callable[[], Accepted]
) -> Accepted:
    """`write()`, unless it was done before. Two at once meet at the unique constraint; the loser looks again.

    `check()` comes before the transaction: to count a long text takes a while, and everybody else would wait.
    """
    for attempt in (1, 2, 3):
        before = _done_before(user, client_message_id, body)
        if before is not None:
            return before
        if attempt == 1:
            check()
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            if attempt == 3:
                raise
    raise AssertionError("unreachable")


def _done_before(user: User, client_message_id: str, body: str) -> Accepted | None:
    if not _USED.all(user=user.pk, key=client_message_id):
        return None
    message = Message.objects.filter(author=user, client_message_id=client_message_id).first()
    if message is not None:
        turn, kept = message.answering_turns.order_by("number")[0], message.body_hash
    else:
        turn = Turn.objects.get(conversation__owner=user, client_message_id=client_message_id)
        kept = turn.body_hash
    if kept != body:
        raise IdempotencyConflict(
            "This client_message_id was used for something else. Nothing was sent; use a new id for a new message."
        )
    return Accepted(conversation=turn.conversation, turn=turn, message=turn.question, duplicate=True)
