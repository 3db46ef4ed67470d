"""The one-time link that makes the first admin: nobody becomes one by being the first visitor."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.refusals import NotFound

SETUP_LIFETIME = timedelta(hours=24)
_GONE = (
    "This set-up link was used, has expired, or never was. While there is no account, the server prints a new one each "
    "time it starts; afterwards, sign in."
)


def make_setup_link(*, now: datetime | None = None) -> str | None:
    """The secret of a new set-up link; None once any user exists. Links made before it stop working."""
    now = now or timezone.now()
    with transaction.atomic():
        if User.objects.exists():
            return None
        _open_links().delete()
        secret = new_secret()
        OneTimeLink.objects.create(
            purpose=OneTimeLink.Purpose.SETUP, digest=digest_of(secret), expires_at=now + SETUP_LIFETIME
        )
    return secret


def check_setup_link(secret: str, *, now: datetime | None = None) -> None:
    """NotFound unless the link can be used now. Looking does not use it up: chat programs preview links."""
    now = now or timezone.now()
    if User.objects.exists() or not _open_links().filter(digest=digest_of(secret), expires_at__gt=now).exists():
        raise NotFound(_GONE)


def use_setup_link(secret: str, *, username: str, password: str, now: datetime | None = None) -> User:
    """The first admin, made exactly once. NotFound where the link cannot be used, also for the loser of a race."""
    now = now or timezone.now()
    with transaction.atomic():
        check_setup_link(secret, now=now)
        # Every open link is claimed in one UPDATE: a second use waits for its row locks and then finds none.
        if _open_links().update(used_at=now) == 0:
            raise NotFound(_GONE)
        admin = User.objects.create_superuser(username=username, password=password)
        changes = {"is_superuser": (None, True)}
        audit.record(actor=admin, door=AuditEntry.Door.PAGE, action="created", target=admin, changes=changes)
        return admin


def _open_links() -> models.QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.SETUP, used_at=None)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
