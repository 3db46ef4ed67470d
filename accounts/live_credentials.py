"""What an open socket was let in with, and whether that still holds.

A socket outlives the request that opened it: signing out, a new password, deactivation and a revoked token must end it.
All sockets of a process are checked together, in at most three queries, whatever process the change was made in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import ApiToken, User
from accounts.tokens import is_valid


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A session with the hash of the password that it was opened under, or a token."""

    user_id: UUID
    session_key: str = ""
    session_hash: str = ""
    token_id: UUID | None = None


def of_session(user: User, session: SessionBase) -> Credential:
    key, opened_under = session.session_key or "", session.get(HASH_SESSION_KEY, "")
    return Credential(user_id=user.pk, session_key=key, session_hash=opened_under)


def of_token(token: ApiToken) -> Credential:
    return Credential(user_id=token.user_id, token_id=token.pk)


def no_longer_valid(credentials: Collection[Credential]) -> set[Credential]:
    """Those of `credentials` that would not be let in again."""
    now = timezone.now()
    users = User.objects.filter(pk__in={credential.user_id for credential in credentials}, is_active=True).in_bulk()
    keys = {credential.session_key for credential in credentials if credential.session_key}
    open_sessions = set(Session.objects.filter(pk__in=keys, expire_date__gt=now).values_list("session_key", flat=True))
    token_ids = {credential.token_id for credential in credentials if credential.token_id}
    tokens = ApiToken.objects.filter(pk__in=token_ids).in_bulk()

    def holds(credential: Credential) -> bool:
        user = users.get(credential.user_id)
        if user is None:
            return False
        if credential.token_id is not None:
            token = tokens.get(credential.token_id)
            return token is not None and is_valid(token, now=now)
        hash_now = user.get_session_auth_hash()
        return credential.session_key in open_sessions and constant_time_compare(hash_now, credential.session_hash)

    return {credential for credential in credentials if not holds(credential)}
