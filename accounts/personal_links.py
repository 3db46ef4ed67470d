"""Links at which one person chooses a password: an invitation, or a way back in. They work once, for 24 hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.links import digest_of, new_secret
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.refusals import NotFound

LIFETIME = timedelta(hours=24)
Purpose = OneTimeLink.Purpose
_PAGES = {Purpose.INVITE: "invite", Purpose.PASSWORD_RESET: "new-password"}
_GONE = "This link was used, has expired, or never was. Ask an admin for a new one."


def purpose_for(user: User) -> Purpose:
    return Purpose.PASSWORD_RESET if user.has_usable_password() else Purpose.INVITE


def address(secret: str, *, purpose: Purpose) -> str:
    """Where the link leads, without the host."""
    return reverse(_PAGES[purpose], args=[secret])


def make(*, user: User, purpose: Purpose, now: datetime | None = None) -> str:
    """The secret of a new link, known only here and now. Links made for this person before stop working."""
    now = now or timezone.now()
    secret = new_secret()
    with transaction.atomic():
        _open().filter(user=user).delete()
        OneTimeLink.objects.create(purpose=purpose, user=user, digest=digest_of(secret), expires_at=now + LIFETIME)
    return secret


def whose(secret: str, *, purpose: Purpose, now: datetime | None = None) -> User:
    """The person whom the link is for. NotFound unless it can be used now. Looking does not use it up."""
    user = _find(secret, purpose=purpose, now=now or timezone.now()).user
    assert user is not None, "the database holds that a personal link is somebody's"
    return user


@transaction.atomic
def use(secret: str, *, purpose: Purpose, password: str, now: datetime | None = None) -> User:
    """Sets the password and ends what was open under the old one. NotFound also for the loser of a race."""
    now = now or timezone.now()
    user = whose(secret, purpose=purpose, now=now)
    # The claim: a second use waits for the row's lock and then finds it used.
    if _open().filter(digest=digest_of(secret)).update(used_at=now) == 0:
        raise NotFound(_GONE)
    before = user.password
    user.set_password(password)
    user.save(update_fields=["password"])
    changes = {"password": (before, user.password)}
    audit.record(actor=user, door=AuditEntry.Door.PAGE, action="password chosen", target=user, changes=changes)
    return user


def _find(secret: str, *, purpose: Purpose, now: datetime) -> OneTimeLink:
    usable = _open().filter(purpose=purpose, digest=digest_of(secret), expires_at__gt=now, user__is_active=True)
    link = usable.select_related("user").first()
    if link is None:
        raise NotFound(_GONE)
    return link


def _open() -> models.QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(purpose__in=_PAGES, used_at=None)
