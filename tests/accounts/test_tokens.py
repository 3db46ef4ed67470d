from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, User
from accounts.refusals import Unauthenticated
from accounts.tokens import authenticate_bearer, issue, revoke

NOW = timezone.now()


def test_a_token_is_shown_once_and_only_its_digest_is_stored(owner: User) -> None:
    issued = issue(user=owner, scope="write")

    assert re.fullmatch(r"tp_[A-Za-z0-9]{40}[0-9a-f]{8}", issued.secret)
    stored = ApiToken.objects.values().get()
    assert issued.secret not in str(stored)
    assert stored["digest"] == hashlib.sha256(issued.secret.encode()).hexdigest()
    assert issued.secret.startswith(stored["prefix"])
    assert len(stored["prefix"]) == 11


def test_a_token_names_its_user(owner: User) -> None:
    issued = issue(user=owner, scope="read")
    assert authenticate_bearer(issued.secret) == (owner, issued.row)


def test_two_tokens_differ(owner: User) -> None:
    assert issue(user=owner, scope="read").secret != issue(user=owner, scope="read").secret


@pytest.mark.parametrize("raw", ["", "tp_", "tp_x", "tp_" + "a" * 48, "Bearer x", "tp_é" + "a" * 47, "x" * 100_000])
def test_what_is_no_token_is_refused(db: None, raw: str) -> None:
    with pytest.raises(Unauthenticated):
        authenticate_bearer(raw)


def test_one_changed_letter_is_told_without_asking_the_database(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    secret = issue(user=owner, scope="read").secret
    other = "b" if secret[20] == "a" else "a"
    with django_assert_num_queries(0), pytest.raises(Unauthenticated):
        authenticate_bearer(secret[:20] + other + secret[21:])


def test_a_revoked_token_is_refused(owner: User) -> None:
    issued = issue(user=owner, scope="write")
    revoke(issued.row)
    first = ApiToken.objects.get().revoked_at
    revoke(issued.row)
    assert ApiToken.objects.get().revoked_at == first
    with pytest.raises(Unauthenticated):
        authenticate_bearer(issued.secret)


def test_a_token_ends_at_its_expiry(owner: User) -> None:
    issued = issue(user=owner, scope="write", expires_at=NOW + timedelta(hours=1))
    authenticate_bearer(issued.secret, now=NOW + timedelta(minutes=59))
    with pytest.raises(Unauthenticated):
        authenticate_bearer(issued.secret, now=NOW + timedelta(hours=1))


def test_the_token_of_a_deactivated_user_is_refused(owner: User) -> None:
    issued = issue(user=owner, scope="write")
    owner.is_active = False
    owner.save()
    with pytest.raises(Unauthenticated):
        authenticate_bearer(issued.secret)


def test_the_use_is_noted_at_most_once_a_minute(owner: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    issued = issue(user=owner, scope="write")
    for after, noted, queries in [(0, 0, 2), (59, 0, 1), (60, 60, 2)]:
        with django_assert_num_queries(queries):
            authenticate_bearer(issued.secret, now=NOW + timedelta(seconds=after))
        assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=noted)
