"""Reading a conversation's tree: the path of a branch, its leaf, its newest messages.

A path is a list of segments, newest first: each names a branch and the last position on it that belongs to the path.
Reading the newest rows costs one index scan for each segment touched, however long the conversation is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BigIntegerField, IntegerField, Q, QuerySet

from agents.prepared import Select, Slot
from chat.models import Branch, Message

PAGE = 256
_END = 2**31 - 1


def _newest(*, limit: int) -> QuerySet[Message]:
    place = {"branch_id": Slot("branch", BigIntegerField()), "position__lte": Slot("ceiling", IntegerField())}
    rows = Message.objects.filter(**place, position__gte=Slot("floor", IntegerField()))
    return rows.order_by("-position")[:limit]


_PAGE_OF = Select(lambda: _newest(limit=PAGE))
_NEWEST_OF = Select(lambda: _newest(limit=1))


@dataclass(frozen=True)
class Segment:
    branch_id: int
    last_position: int


def path_of(branch: Branch) -> list[Segment]:
    """The segments from `branch` up to the root, newest first."""
    segments = [Segment(branch.pk, _END)]
    while branch.parent_id is not None:
        segments.append(Segment(branch.parent_id, branch.fork_position))
        branch = Branch.objects.get(pk=branch.parent_id)
    return segments


def newest_first(branch: Branch, *, before: int | None = None, down_to: int = 0) -> Iterator[Message]:
    """The messages of the path, newest first, read in pages: positions below `before` and not below `down_to`."""
    for segment in path_of(branch):
        ceiling = segment.last_position if before is None else min(segment.last_position, before - 1)
        while ceiling >= down_to:
            page = _PAGE_OF.all(branch=segment.branch_id, ceiling=ceiling, floor=down_to)
            yield from page
            if len(page) < PAGE:
                break
            ceiling = _position(page[-1]) - 1


def leaf_of(branch: Branch) -> Message | None:
    """The newest message of the path, or None in an empty conversation."""
    for segment in path_of(branch):
        newest = _NEWEST_OF.first(branch=segment.branch_id, ceiling=segment.last_position, floor=0)
        if newest is not None:
            return newest
    return None


def on_path(branch: Branch) -> QuerySet[Message]:
    """Every message of the path, unordered; for counting and look-ups."""
    condition = Q()
    for segment in path_of(branch):
        condition |= Q(branch_id=segment.branch_id, position__lte=segment.last_position)
    return Message.objects.filter(condition)


def fork_after(message: Message | None, *, conversation_id: UUID) -> Branch:
    """A new branch that continues after `message` (None: from the root)."""
    if message is None:
        return Branch.objects.create(conversation_id=conversation_id)
    return Branch.objects.create(
        conversation_id=conversation_id, parent_id=message.branch_id, fork_position=_position(message)
    )


def branch_holding(message: Message) -> Branch:
    """The newest branch on whose path `message` lies: its own, since a path may end only at a fork."""
    assert message.branch_id is not None, "a queued message is on no branch"
    return Branch.objects.get(pk=message.branch_id)


def _position(message: Message) -> int:
    assert message.position is not None, "a queued message has no position"
    return message.position
