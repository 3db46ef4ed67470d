"""The one-time link that makes the first admin: nobody becomes one by being the first visitor."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from accounts.models import OneTimeLink, User
from accounts.refusals import NotFound

SETUP_LIFETIME = timedelta(hours=24)
_GONE = "This set-up link was used, has expired, or never was. Restart the server to get a new one."


def make_setup_link(*, now: datetime | None = None) -> str | None:
    """The secret of a new set-up link; None once any user exists. Links made before it stop working."""
    now = now or timezone.now()
    with transaction.atomic():
        if User.objects.exists():
            return None
        _open_links().delete()
        secret = secrets.token_urlsafe(32)
        OneTimeLink.objects.create(
            purpose=OneTimeLink.Purpose.SETUP, digest=_digest(secret), expires_at=now + SETUP_LIFETIME
        )
    return secret


def check_setup_link(secret: str, *, now: datetime | None = None) -> None:
    """NotFound unless the link can be used now. Looking does not use it up: chat programs preview links."""
    now = now or timezone.now()
    if User.objects.exists() or not _open_links().filter(digest=_digest(secret), expires_at__gt=now).exists():
        raise NotFound(_GONE)


def use_setup_link(secret: str, *, username: str, password: str, now: datetime | None = None) -> User:
    """The first admin, made exactly once. NotFound where the link cannot be used, also for the loser of a race."""
    now = now or timezone.now()
    with transaction.atomic():
        check_setup_link(secret, now=now)
        # Every open link is claimed in one UPDATE: a second use waits for its row locks and then finds none.
        if _open_links().update(used_at=now) == 0:
            raise NotFound(_GONE)
        return User.objects.create_superuser(username=username, password=password)


def _open_links() -> models.QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.SETUP, used_at=None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
