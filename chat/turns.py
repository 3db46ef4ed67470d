"""Every write on a Turn after it was queued: claim, stop, finish, and what becomes of a lost worker's turns.

A claim is a lease: an owner, an expiry and an epoch that grows with each claim. Every later write names the epoch it
was leased under, so that a worker that lost its lease can write nothing more. `now` is a database expression (default
the database's clock), so that tests move time without patching.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, Expression, F, OuterRef, QuerySet, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from accounts.models import User
from accounts.refusals import NotFound, TurnNotRunning
from chat import branches
from chat.models import Branch, Conversation, Message, Turn, TurnEvent
from chat.wire_event import WireEvent

LEASE = timedelta(seconds=15)
TURNS_PER_USER = 20  # that run at once; more wait, so that one person cannot take every place


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

    def turn(self) -> QuerySet[Turn]:
        """The turn, for as long as the lease holds."""
        return Turn.objects.filter(pk=self.turn_id, epoch=self.epoch, status__in=Turn.ACTIVE)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A turn to run, loaded with its conversation and model, bound to its place in the tree."""

    turn: Turn
    lease: Lease
    events: list[WireEvent] = field(default_factory=list)


def claim(*, owner: str, capacity: int, lease: timedelta = LEASE, now: Expression | None = None) -> list[Claimed]:
    """Take up to `capacity` queued turns, oldest first: the next of each conversation that has none running."""
    claimed = []
    for turn_id in _claimable(capacity):
        try:
            with transaction.atomic():
                taken = _claim_one(turn_id, owner=owner, until=(now or Now()) + lease)
        except IntegrityError:
            continue  # Another worker was quicker: one active turn per conversation is a constraint.
        if taken is not None:
            claimed.append(taken)
    return claimed


def _claimable(capacity: int) -> list[uuid.UUID]:
    """Oldest first, but each user's first before anybody's second; nobody has more than `TURNS_PER_USER` at once."""
    running = Counter(Turn.objects.filter(status__in=Turn.ACTIVE).values_list("conversation__owner", flat=True))
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


def _claim_one(turn_id: uuid.UUID, *, owner: str, until: Expression) -> Claimed | None:
    # The conversation is locked first, as by whoever deletes it or adds to it: then nobody waits in a circle.
    conversations = Conversation.objects.select_for_update(of=("self",), no_key=True)
    conversation = conversations.select_related("owner", "active_branch").filter(turns=turn_id).first()
    if conversation is None:
        return None
    moved = Turn.objects.filter(pk=turn_id, status=Turn.Status.QUEUED).update(
        status=Turn.Status.RUNNING, lease_owner=owner, lease_until=until, epoch=F("epoch") + 1, started_at=Now()
    )
    if not moved:
        return None
    turn = Turn.objects.select_related("question").get(pk=turn_id)
    turn.conversation = conversation
    _bind(turn)
    lease = Lease(turn_id=turn.pk, conversation_id=turn.conversation_id, epoch=turn.epoch, seq=turn.seq)
    return Claimed(turn=turn, lease=lease)


def _bind(turn: Turn) -> None:
    """Give the turn its place: the branch that it continues, and its question's parent and position."""
    conversation, question = turn.conversation, turn.question
    if turn.forks:
        after = question if question.position is not None else turn.requested_parent
        branch = _branch_after(conversation, after)
    else:
        branch = conversation.active_branch or branches.fork_after(None, conversation_id=conversation.pk)
    if conversation.active_branch_id != branch.pk:
        conversation.active_branch = branch
        conversation.save(update_fields=["active_branch"])
    if question.position is None:
        leaf = branches.leaf_of(branch)
        question.branch, question.parent, question.turn = branch, leaf, turn
        question.position = 0 if leaf is None or leaf.position is None else leaf.position + 1
        question.tokens_before = 0 if leaf is None else leaf.tokens_before + (leaf.token_count or 0)
        question.save(update_fields=["branch", "parent", "turn", "position", "tokens_before"])


def _branch_after(conversation: Conversation, message: Message | None) -> Branch:
    """Where an answer after `message` goes: the active branch if it ends there, else a new one."""
    active = conversation.active_branch
    if active is not None and message is not None:
        leaf = branches.leaf_of(active)
        if leaf is not None and leaf.pk == message.pk:
            return active
    return branches.fork_after(message, conversation_id=conversation.pk)


def write_events(lease: Lease, events: Sequence[tuple[str, dict[str, Any]]], **changes: Any) -> list[WireEvent]:
    """Append events to the turn's log, and change the turn with them. LeaseLost if it is no longer ours.

    Call inside a transaction when other rows belong to the same step.
    """
    seq = lease.seq + len(events)
    with transaction.atomic():
        if not lease.turn().update(seq=seq, **changes):
            raise LeaseLost(f"turn {lease.turn_id} is no longer leased under epoch {lease.epoch}")
        written = _append(lease.turn_id, lease.conversation_id, seq=lease.seq, events=events)
    lease.seq = seq
    return written


def _append(
    turn_id: uuid.UUID, conversation_id: uuid.UUID, *, seq: int, events: Iterable[tuple[str, dict[str, Any]]]
) -> list[WireEvent]:
    now = timezone.now()
    rows = [
        TurnEvent(turn_id=turn_id, seq=seq + n, type=kind, data=data, created_at=now)
        for n, (kind, data) in enumerate(events, start=1)
    ]
    TurnEvent.objects.bulk_create(rows)
    return [WireEvent.of(row, conversation=str(conversation_id)) for row in rows]


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
    turn = Turn.objects.select_related("conversation").filter(pk=turn_id, conversation__owner=user).first()
    if turn is None:
        raise NotFound("There is no such turn.")
    ending = Ending(status=Turn.Status.STOPPED)
    with transaction.atomic():
        queued = Turn.objects.filter(pk=turn.pk, status=Turn.Status.QUEUED)
        if queued.update(seq=F("seq") + 1, stop_requested_at=Now(), **ending.changes()):
            events = _append(turn.pk, turn.conversation_id, seq=turn.seq, events=[ending.event()])
            turn.refresh_from_db()
            return Stopping(turn=turn, ended=True, events=events)
    if not Turn.objects.filter(pk=turn.pk, status__in=Turn.ACTIVE).update(stop_requested_at=Now()):
        raise TurnNotRunning("This turn has ended already.")
    return Stopping(turn=turn, ended=False)


def renew(
    *, owner: str, running: Collection[uuid.UUID], lease: timedelta = LEASE, now: Expression | None = None
) -> None:
    """Keep the leases of `owner` on the turns that are `running` there: one statement for all of them.

    A turn whose end could not be written runs no more. Its lease expires, and the reaper ends it.
    """
    mine = Turn.objects.filter(lease_owner=owner, status__in=Turn.ACTIVE, pk__in=running)
    mine.update(lease_until=(now or Now()) + lease)


def stop_requests(*, owner: str) -> set[uuid.UUID]:
    """The turns of `owner` that somebody asked to stop, in whatever process they asked."""
    asked = Turn.objects.filter(lease_owner=owner, status__in=Turn.ACTIVE, stop_requested_at__isnull=False)
    return set(asked.values_list("pk", flat=True))


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
