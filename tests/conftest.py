"""Three people in every story: the owner of a thing, another member, and nobody (pytest-django's `client`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import settings
from pytest_django import Settings

from accounts.models import User
from accounts.tokens import issue

# No test is judged by a clock: on a busy machine any example may take long.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

PASSWORD = "correct horse battery staple"
TokenFor = Callable[..., str]


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    """A weak hash, and no walk through every static file when a client is made."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user(username="owner", password=PASSWORD)


@pytest.fixture
def member(db: None) -> User:
    """Another person, with the same rights as the owner and nothing of the owner's."""
    return User.objects.create_user(username="member", password=PASSWORD)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser(username="staff", password=PASSWORD)


@pytest.fixture
def owner_client(owner: User) -> Client:
    return _signed_in(owner)


@pytest.fixture
def member_client(member: User) -> Client:
    return _signed_in(member)


@pytest.fixture
def staff_client(staff: User) -> Client:
    return _signed_in(staff)


@pytest.fixture
def token_for() -> TokenFor:
    """`token_for(user, "read")`: a new API token of that scope, ready for an Authorization header."""

    def make(user: User, scope: str = "write") -> str:
        return f"Bearer {issue(user=user, scope=scope).secret}"

    return make


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
