"""API tokens made and revoked, by whatever door, with an entry in the audit log."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import audit, tokens
from accounts.models import ApiToken, AuditEntry, User
from accounts.tokens import IssuedToken


@transaction.atomic
def make(
    *,
    user: User,
    actor: User | None,
    door: AuditEntry.Door,
    scope: str,
    name: str = "",
    expires_at: datetime | None = None,
) -> IssuedToken:
    """A token for `user`, made by `actor` (None: the server itself)."""
    issued = tokens.issue(user=user, scope=scope, name=name, expires_at=expires_at)
    changes = {"user": (None, user), "scope": (None, scope), "expires_at": (None, expires_at)}
    audit.record(actor=actor, door=door, action="created", target=issued.row, changes=changes)
    return issued


@transaction.atomic
def revoke(row: ApiToken, *, actor: User, door: AuditEntry.Door) -> None:
    """Programs that use it are refused from now on. Revoking it again changes nothing and is no entry."""
    now = timezone.now()
    if tokens.revoke(row, now=now):
        audit.record(actor=actor, door=door, action="revoked", target=row, changes={"revoked_at": (None, now)})
