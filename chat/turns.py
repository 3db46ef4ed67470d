"""Every write on a Turn after it was queued: claim, stop, finish, and what becomes of a lost worker's turns.

A claim is a lease: an owner, an expiry and an epoch that grows with each claim. Every later write names the epoch it
was leased under, so that a worker that lost its lease can write nothing more. `now` is a database expression (default
the database's clock), so that tests move time without patching.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import (
    CharField,
    Exists,
    Expression,
    F,
    OuterRef,
    Q,
    UUIDField,
    Value,
    Window,
)
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from accounts.models import User
from accounts.refusals import NotFound, TurnNotRunning, TurnNotWaiting
from agents.prepared import Select, Slot, Update
from chat.binding import bind
from chat.lease import Lease, append, write_events
from chat.models import Conversation, Turn
from chat.wire_event import WireEvent

LEASE = timedelta(seconds=15)
_UNTIL = Now() + LEASE
TURNS_PER_USER = 20  # that run at once; more wait, so that one person cannot take every place


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A turn to run, loaded with its conversation and model, bound to its place in the tree."""

    turn: Turn
    lease: Lease
    events: list[WireEvent] = field(default_factory=list)


def claim(*, owner: str, capacity: int, lease: timedelta = LEASE, now: Expression | None = None) -> list[Claimed]:
    """Take up to `capacity` queued turns, oldest first: the next of each conversation that has none running."""
    claimed = []
    until = _UNTIL if now is None and lease == LEASE else (now or Now()) + lease
    for turn_id in _claimable(capacity):
        try:
            with transaction.atomic():
                taken = _claim_one(turn_id, owner=owner, until=until)
        except IntegrityError:
            continue  # Another worker was quicker: one active turn per conversation is a constraint.
        if taken is not None:
            claimed.append(taken)
    return claimed


def _claimable(capacity: int) -> list[uuid.UUID]:
    """Oldest first, but each user's first before anybody's second; nobody has more than `TURNS_PER_USER` at once."""
    running = _running()
    others = Turn.objects.filter(conversation=OuterRef("conversation"))
    queued = Turn.objects.filter(status=Turn.Status.QUEUED)
    ready = queued.exclude(Exists(others.filter(status__in=Turn.ACTIVE))).exclude(
        Exists(others.filter(status=Turn.Status.QUEUED, number__lt=OuterRef("number")))
    )
    full = [owner for owner, count in running.items() if count >= TURNS_PER_USER]
    place = Window(RowNumber(), partition_by=F("conversation__owner"), order_by=F("created_at").asc())
    fair = ready.exclude(conversation__owner__in=full).annotate(place=place).order_by("place", "created_at")
    chosen = []
    for turn_id, owner in fair.values_list("pk", "conversation__owner")[:capacity]:
        running[owner] += 1
        if running[owner] <= TURNS_PER_USER:
            chosen.append(turn_id)
    return chosen


def claim_new(turn: Turn, *, owner: str) -> Claimed | None:
    """Take a turn in the transaction that queued it, in a conversation that is locked and has no other unended turn.

    None if its user has `TURNS_PER_USER` already; then it waits like any other.
    """
    if _running()[turn.conversation.owner_id] >= TURNS_PER_USER:
        return None
    return _take(turn, owner=owner, until=_UNTIL)


def _running() -> Counter[Any]:
    """How many turns run, by their users."""
    return Counter(owner for (owner,) in _OWNERS_OF_ACTIVE.all())


_OWNERS_OF_ACTIVE = Select(lambda: Turn.objects.filter(status__in=Turn.ACTIVE).values_list("conversation__owner"))
_TURN = Select(lambda: Turn.objects.select_related("question").filter(pk=Slot("turn", UUIDField()))[:1])
_CONVERSATION_OF = Select(
    lambda: (
        Conversation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("owner", "active_branch", "model__provider", "model__pool")
        .filter(turns=Slot("turn", UUIDField()))[:1]
    )
)


def _claim_one(turn_id: uuid.UUID, *, owner: str, until: Expression) -> Claimed | None:
    # The conversation is locked first, as by whoever deletes it or adds to it: then nobody waits in a circle.
    conversation = _CONVERSATION_OF.first(turn=turn_id)
    turn = _TURN.first(turn=turn_id)
    if conversation is None or turn is None:
        return None
    turn.conversation = conversation
    return _take(turn, owner=owner, until=until)


def _take(turn: Turn, *, owner: str, until: Expression) -> Claimed | None:
    """Claim and bind a turn of a locked conversation. None if somebody else has it, or it has ended."""
    if not _taking(until).run(turn=turn.pk, owner=owner):
        return None
    # Nobody claims without that lock, and a queued turn's row changes only as it ends: the rest is as it was read.
    turn.status, turn.lease_owner, turn.epoch = Turn.Status.RUNNING, owner, turn.epoch + 1
    bind(turn)
    lease = Lease(turn_id=turn.pk, conversation_id=turn.conversation_id, epoch=turn.epoch, seq=turn.seq)
    return Claimed(turn=turn, lease=lease)


@cache
def _taking(until: Expression) -> Update:
    return Update(
        lambda: Turn.objects.filter(pk=Slot("turn", UUIDField()), status=Turn.Status.QUEUED),
        status=Value(Turn.Status.RUNNING.value),
        lease_owner=Slot("owner", CharField()),
        lease_until=until,
        epoch=F("epoch") + 1,
        started_at=Now(),
    )


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a turn ended. `reason` is an error code, `error` the text for the user."""

    status: Turn.Status
    reason: str | None = None
    error: str | None = None
    finish_reason: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    message: str | None = None

    def event(self) -> tuple[str, dict[str, Any]]:
        return "turn.ended", {
            "status": self.status.value,
            "reason": self.reason,
            "error": self.error,
            "finish_reason": self.finish_reason,
            "message": self.message,
            "usage": self.usage,
        }

    def changes(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "reason": self.reason or "",
            "error_message": self.error or "",
            "finish_reason": self.finish_reason or "",
            "usage": self.usage,
            "ended_at": Now(),
        }


def finish(lease: Lease, ending: Ending) -> list[WireEvent]:
    """Write the last event. Nothing can be written to the turn after it."""
    with transaction.atomic():
        events = write_events(lease, [ending.event()], **ending.changes())
        Conversation.objects.filter(pk=lease.conversation_id).update(last_activity_at=timezone.now())
    return events


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """`ended`: the turn was still queued and has ended now; otherwise its worker has been told to stop."""

    turn: Turn
    ended: bool
    events: list[WireEvent] = field(default_factory=list)


def request_stop(*, user: User, turn_id: uuid.UUID) -> Stopping:
    """Stop a turn of the user's. NotFound; TurnNotRunning if it has ended already."""
    turn = _own(user, turn_id)
    ending = Ending(status=Turn.Status.STOPPED)
    with transaction.atomic():
        queued = Turn.objects.filter(pk=turn.pk, status=Turn.Status.QUEUED)
        if queued.update(seq=F("seq") + 1, stop_requested_at=Now(), **ending.changes()):
            events = append(turn.pk, turn.conversation_id, seq=turn.seq, events=[ending.event()])
            turn.refresh_from_db()
            return Stopping(turn=turn, ended=True, events=events)
    if not Turn.objects.filter(pk=turn.pk, status__in=Turn.ACTIVE).update(stop_requested_at=Now()):
        raise _ended_already()
    return Stopping(turn=turn, ended=False)


def request_shorter(*, user: User, turn_id: uuid.UUID) -> Turn:
    """Have less of the conversation sent in the call that a turn of the user's waits for, and in no later one.

    NotFound; TurnNotRunning if it has ended, TurnNotWaiting if it does not wait for its rate pool.
    """
    turn = _own(user, turn_id)
    if not Turn.objects.filter(pk=turn.pk, status=Turn.Status.WAITING).update(shorter_requested_at=Now()):
        turn.refresh_from_db(fields=["status"])
        check_waiting(turn)
    return turn


def check_waiting(turn: Turn) -> None:
    """TurnNotRunning, TurnNotWaiting."""
    if turn.status in Turn.ENDED:
        raise _ended_already()
    if turn.status != Turn.Status.WAITING:
        raise TurnNotWaiting("This turn does not wait for its rate limit, so nothing of it is left out.")


def _own(user: User, turn_id: uuid.UUID) -> Turn:
    turn = Turn.objects.select_related("conversation").filter(pk=turn_id, conversation__owner=user).first()
    if turn is None:
        raise NotFound("There is no such turn.")
    return turn


def _ended_already() -> TurnNotRunning:
    return TurnNotRunning("This turn has ended already.")


def renew(
    *, owner: str, running: Collection[uuid.UUID], lease: timedelta = LEASE, now: Expression | None = None
) -> None:
    """Keep the leases of `owner` on the turns that are `running` there: one statement for all of them.

    A turn whose end could not be written runs no more. Its lease expires, and the reaper ends it.
    """
    mine = Turn.objects.filter(lease_owner=owner, status__in=Turn.ACTIVE, pk__in=running)
    mine.update(lease_until=(now or Now()) + lease)


@dataclass(frozen=True, kw_only=True)
class Requested:
    """Turns that somebody asked to stop, and those that wait and are to send less."""

    stop: set[uuid.UUID]
    shorter: set[uuid.UUID]


def requested(*, owner: str) -> Requested:
    """What was asked of the turns of `owner`, in whatever process."""
    found = _REQUESTED.all(owner=owner)
    return Requested(
        stop={turn_id for turn_id, stop, _ in found if stop is not None},
        shorter={turn_id for turn_id, _, shorter in found if shorter is not None},
    )


_REQUESTED = Select(
    lambda: Turn.objects.filter(
        Q(stop_requested_at__isnull=False) | Q(shorter_requested_at__isnull=False),
        lease_owner=Slot("owner", CharField()),
        status__in=Turn.ACTIVE,
    ).values_list("pk", "stop_requested_at", "shorter_requested_at")
)


def expired(*, now: Expression | None = None) -> list[uuid.UUID]:
    """Active turns whose worker has not renewed its lease in time."""
    lost = Turn.objects.filter(status__in=Turn.ACTIVE, lease_until__lt=now or Now())
    return list(lost.values_list("pk", flat=True))


def active() -> list[uuid.UUID]:
    return list(Turn.objects.filter(status__in=Turn.ACTIVE).values_list("pk", flat=True))


def take_over(turn_id: uuid.UUID) -> Lease | None:
    """Fence the turn's worker off and hold its lease instead, to end it. None if it has ended meanwhile."""
    with transaction.atomic():
        moved = Turn.objects.filter(pk=turn_id, status__in=Turn.ACTIVE).update(
            epoch=F("epoch") + 1, lease_owner="reaper", lease_until=Now() + LEASE
        )
        if not moved:
            return None
        turn = Turn.objects.get(pk=turn_id)
    return Lease(turn_id=turn.pk, conversation_id=turn.conversation_id, epoch=turn.epoch, seq=turn.seq)
