"""The right to write one turn, and everything that is written under it: events, and the turn's own fields.

Every write names the epoch that the turn was leased under, so that a worker that lost its lease can write nothing more.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import Expression, Field, IntegerField, UUIDField
from django.utils import timezone

from agents.prepared import Slot, Update, insert
from chat.models import Turn, TurnEvent
from chat.wire_event import WireEvent


class LeaseLost(Exception):
    """This turn belongs to somebody else by now, or has ended: write nothing more."""


@dataclass(kw_only=True, eq=False)
class Lease:
    """The right to write one turn. `seq` is the newest event in its log; the holder counts on from there.

    `on_lost` is called if that right turns out to be gone while nobody waits for a write.
    """

    turn_id: uuid.UUID
    conversation_id: uuid.UUID
    epoch: int
    seq: int
    on_lost: Callable[[], None] = lambda: None


def write_events(lease: Lease, events: Sequence[tuple[str, dict[str, Any]]], **changes: Any) -> list[WireEvent]:
    """Append events to the turn's log, and change the turn with them. LeaseLost if it is no longer ours.

    Call `write_step` instead inside a transaction that other rows of the same step belong to.
    """
    with transaction.atomic():
        return write_step(lease, events, **changes)


def write_step(lease: Lease, events: Sequence[tuple[str, dict[str, Any]]], **changes: Any) -> list[WireEvent]:
    """`write_events` as part of a transaction, which is to be rolled back if this raises."""
    seq = lease.seq + len(events)
    if not _change(lease, seq=seq, **changes):
        raise LeaseLost(f"turn {lease.turn_id} is no longer leased under epoch {lease.epoch}")
    written = append(lease.turn_id, lease.conversation_id, seq=lease.seq, events=events)
    lease.seq = seq
    return written


def _change(lease: Lease, **changes: Any) -> int:
    """Expressions are part of the statement, plain values are filled in."""
    expressions = {name: value for name, value in changes.items() if isinstance(value, Expression)}
    values = {name: value for name, value in changes.items() if name not in expressions}
    statement = _changing(tuple(values), tuple(expressions.items()))
    return statement.run(turn=lease.turn_id, held=lease.epoch, **values)


@cache
def _changing(names: tuple[str, ...], expressions: tuple[tuple[str, Expression], ...]) -> Update:
    fields = {name: Turn._meta.get_field(name) for name in names}
    return Update(
        lambda: Turn.objects.filter(
            pk=Slot("turn", UUIDField()), epoch=Slot("held", IntegerField()), status__in=Turn.ACTIVE
        ),
        **{name: Slot(name, _type_of(field)) for name, field in fields.items()},
        **dict(expressions),
    )


def _type_of(field: Any) -> Field[Any, Any]:
    """A foreign key's values are those of the key that it refers to."""
    kind: Field[Any, Any] = getattr(field, "target_field", field)
    return kind


def append(
    turn_id: uuid.UUID, conversation_id: uuid.UUID, *, seq: int, events: Iterable[tuple[str, dict[str, Any]]]
) -> list[WireEvent]:
    now = timezone.now()
    rows = [
        TurnEvent(turn_id=turn_id, seq=seq + n, type=kind, data=data, created_at=now)
        for n, (kind, data) in enumerate(events, start=1)
    ]
    if rows:
        insert(rows)
    return [WireEvent.of(row, conversation=str(conversation_id)) for row in rows]
