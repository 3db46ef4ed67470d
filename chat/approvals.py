"""What people are asked to allow, as rows: asked, decided by the turn's owner, expired. Plain functions for a thread.

The row is the truth. A decision is one conditional update, from whatever process; the worker that runs the turn reads
it, and runs the tool only after it has written so to the turn's log.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, User
from accounts.moments import rfc3339
from accounts.refusals import ApprovalDecided, NotFound, TurnNotRunning
from agents.llm.clean_text import clean_text
from agents.llm.consent import ConsentRequest
from agents.llm.messages import ToolCall
from chat.models import Approval, Turn

Status = Approval.Status
_BY = AuditEntry.Door.API
_GOES_ON = Exists(Turn.objects.filter(pk=OuterRef("turn"), status__in=Turn.ACTIVE))
_DECISION = ["status", "by", "decided_at"]


def patience() -> timedelta:
    """How long a person is waited for."""
    return timedelta(seconds=settings.APPROVAL_SECONDS)


def asked(*, turn_id: uuid.UUID, n: int, call: ToolCall, request: ConsentRequest) -> Approval:
    """The row to write along with the event that tells of it."""
    now = timezone.now()
    return Approval(
        turn_id=turn_id,
        n=n,
        call=clean_text(call.id)[:200],
        tool=call.name[:200],
        title=clean_text(request.title)[:300],
        request=request.request,
        created_at=now,
        expires_at=now + patience(),
    )


def told(row: Approval) -> dict[str, Any]:
    """As the event `tool.approval` carries it."""
    return {
        "id": str(row.pk),
        "call": row.call,
        "tool": row.tool,
        "title": row.title,
        "request": row.request,
        "expires_at": rfc3339(row.expires_at),
    }


def decide(*, user: User, turn_id: uuid.UUID, approval_id: uuid.UUID, approved: bool) -> Approval:
    """Allow this one call, or refuse it. NotFound for what is not the user's; TurnNotRunning, ApprovalDecided."""
    row = own(user, turn_id=turn_id, approval_id=approval_id)
    status = Status.APPROVED if approved else Status.DENIED
    with transaction.atomic():
        # No join: its conditions would not be looked at again by one who had to wait for another's decision.
        pending = Approval.objects.filter(_GOES_ON, pk=row.pk, status=Status.PENDING)
        if not pending.update(status=status, decided_at=Now(), by=user):
            raise _too_late(row)
        row.refresh_from_db(fields=_DECISION)
        # What was asked for belongs to the conversation; the log says that, by whom and to which tool.
        changes = {"status": (Status.PENDING.value, status.value), "tool": (None, row.tool)}
        audit.record(actor=user, door=_BY, action=status.value, target=row, changes=changes)
    return row


def own(user: User, *, turn_id: uuid.UUID, approval_id: uuid.UUID) -> Approval:
    mine = Approval.objects.select_related("turn__conversation").filter(turn__conversation__owner=user)
    row = mine.filter(pk=approval_id, turn=turn_id).first()
    if row is None:
        raise NotFound("There is no such approval.")
    return row


def _too_late(row: Approval) -> TurnNotRunning | ApprovalDecided:
    row.refresh_from_db(fields=_DECISION)
    if row.status == Status.PENDING:
        return TurnNotRunning("This turn has ended already, so nothing was done.")
    said = {
        Status.APPROVED: "This was allowed already.",
        Status.DENIED: "This was refused already.",
        Status.EXPIRED: "Nobody answered in time, or the turn has ended, so this was not done.",
    }
    return ApprovalDecided(said[Status(row.status)], params={"status": row.status})


def expire(approval_id: uuid.UUID) -> Approval:
    """Nobody has decided in time: the row as it is now, which a person may have decided at the last moment."""
    Approval.objects.filter(pk=approval_id, status=Status.PENDING).update(status=Status.EXPIRED, decided_at=Now())
    return Approval.objects.get(pk=approval_id)


def expire_all(turn_id: uuid.UUID) -> None:
    """With the end of the turn."""
    Approval.objects.filter(turn=turn_id, status=Status.PENDING).update(status=Status.EXPIRED, decided_at=Now())


def decided(waiting: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Which of these pend no longer."""
    return list(Approval.objects.filter(~Q(status=Status.PENDING), pk__in=waiting).values_list("pk", flat=True))


def of_turn(*, user: User, turn_id: uuid.UUID) -> list[dict[str, Any]]:
    """Oldest first, as REST tells them. NotFound."""
    if not Turn.objects.filter(pk=turn_id, conversation__owner=user).exists():
        raise NotFound("There is no such turn.")
    return [shown(row) for row in Approval.objects.filter(turn=turn_id)]


def shown(row: Approval) -> dict[str, Any]:
    decided_at = rfc3339(row.decided_at) if row.decided_at else None
    return told(row) | {"status": row.status, "decided_at": decided_at}
