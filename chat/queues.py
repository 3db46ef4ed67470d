"""How many turns of a conversation have not ended, and whether one more may wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, UUIDField

from accounts.refusals import QueueFull
from agents.prepared import Select, Slot
from chat import send_limits
from chat.models import Conversation, Turn


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The turns of a conversation: how many have not ended, how many of those wait, and the newest one's number."""

    unended: int
    queued: int
    newest: int


def _queue_of() -> QuerySet[Conversation, Any]:
    counted = Conversation.objects.filter(pk=Slot("conversation", UUIDField())).annotate(
        unended=Count("turns", filter=~Q(turns__status__in=Turn.ENDED)),
        queued=Count("turns", filter=Q(turns__status=Turn.Status.QUEUED)),
        newest=Max("turns__number"),
    )
    return counted.values_list("unended", "queued", "newest")


_QUEUE_OF = Select(_queue_of)


def queue_with_room(conversation: Conversation) -> Queue:
    """QueueFull if no more may wait. The conversation is locked: no number of these changes before our own turn."""
    [(unended, queued, newest)] = _QUEUE_OF.all(conversation=conversation.pk)
    # The first of them is the one that runs, even if no worker has taken it yet.
    waiting = unended - 1
    if waiting >= send_limits.QUEUED_TURNS:
        raise QueueFull(
            f"{waiting} messages wait for their turn in this conversation already. Nothing was sent and your text is "
            "kept; send it when one of them is done.",
            params={"queued": waiting},
            retryable=True,
        )
    return Queue(unended=unended, queued=queued, newest=newest or 0)
