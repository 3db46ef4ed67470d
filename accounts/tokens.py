"""API tokens: how they are made, written and checked.

A token is `tp_`, 40 letters and digits (the first 8 of them its public prefix; about 190 secret bits follow) and a
CRC-32 of all that in hex. The checksum lets a secret scanner, and us, tell a token from a typing error without asking
the database. Only the SHA-256 is stored: rows are found by that digest, so the time of a look-up tells nothing about
the token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.refusals import Unauthenticated

_ALPHABET = string.ascii_letters + string.digits
_BODY_LENGTH = 40
_PREFIX_LENGTH = len("tp_") + 8
_SHAPE = re.compile(rf"(tp_[A-Za-z0-9]{{{_BODY_LENGTH}}})([0-9a-f]{{8}})")
_LAST_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """A new token. `secret` is the token itself, known only here and now."""

    secret: str
    row: ApiToken


def issue(*, user: User, scope: str, name: str = "", expires_at: datetime | None = None) -> IssuedToken:
    body = "tp_" + "".join(secrets.choice(_ALPHABET) for _ in range(_BODY_LENGTH))
    secret = body + _checksum(body)
    row = ApiToken.objects.create(
        user=user, name=name, scope=scope, expires_at=expires_at, prefix=secret[:_PREFIX_LENGTH], digest=_digest(secret)
    )
    return IssuedToken(secret=secret, row=row)


def authenticate_bearer(raw: str, *, now: datetime | None = None) -> tuple[User, ApiToken]:
    """Whose token `raw` is, and its row. Unauthenticated, in the same words, whatever is wrong with it."""
    now = now or timezone.now()
    row = _find(raw)
    if row is None or not is_valid(row, now=now) or not row.user.is_active:
        raise Unauthenticated(
            "This API token is not valid: mistyped, revoked or expired. Make a new one, or ask an admin."
        )
    _note_use(row, now=now)
    return row.user, row


def is_valid(row: ApiToken, *, now: datetime) -> bool:
    """Neither revoked nor expired. Says nothing about its user."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def revoke(row: ApiToken, *, now: datetime | None = None) -> bool:
    """Whether it was valid until now: revoking twice keeps the first moment."""
    return ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now or timezone.now()) == 1


def _find(raw: str) -> ApiToken | None:
    shape = _SHAPE.fullmatch(raw)
    if shape is None or not hmac.compare_digest(_checksum(shape[1]), shape[2]):
        return None
    return ApiToken.objects.select_related("user").filter(digest=_digest(raw)).first()


def _note_use(row: ApiToken, *, now: datetime) -> None:
    # A write per request would cost more than the request: a minute is exact enough to find unused tokens.
    stale = now - _LAST_USED_EVERY
    if row.last_used_at is None or row.last_used_at <= stale:
        unused_since = Q(last_used_at=None) | Q(last_used_at__lte=stale)
        ApiToken.objects.filter(unused_since, pk=row.pk).update(last_used_at=now)


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()
