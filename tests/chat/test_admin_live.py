"""What an admin does to a person ends that person's open sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
from tests.chat.stage import Person, Stage, new_person, rows, session_of
from tests.chat.tab import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


def admin_does(action: str, row: User | ApiToken) -> None:
    admin, _ = User.objects.get_or_create(username="the admin", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse(f"admin:accounts_{row._meta.model_name}_changelist")
    browser.post(page, {"action": action, "_selected_action": [row.pk], "confirmed": "yes"})


def deactivate(user: User) -> None:
    admin_does("deactivate", user)


def revoke_token(user: User) -> None:
    admin_does("revoke", ApiToken.objects.get(user=user))


def choose_password_at_a_link(user: User) -> None:
    admin, _ = User.objects.get_or_create(username="the admin", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.post(reverse("admin:accounts_user_password_link", args=[user.pk]), {"confirmed": "yes"})
    chosen = {"new_password1": "countess of lovelace", "new_password2": "countess of lovelace"}
    Client().post(page.context["link"], chosen)


async def test_sockets_close_and_the_others_stay(stage: Stage, bob: Person) -> None:
    async def lose(act: Callable[[User], None], *, by_cookie: bool) -> int | None:
        person = await new_person()
        cookie = {"Cookie": await rows(session_of, person.user), "Origin": stage.origin}
        async with opened(stage, headers=cookie if by_cookie else {"Authorization": f"Bearer {person.token}"}) as tab:
            await rows(act, person.user)
            return await tab.until_closed()

    async with opened(stage, bob) as stranger:
        codes = await asyncio.gather(
            lose(deactivate, by_cookie=True),
            lose(deactivate, by_cookie=False),
            lose(revoke_token, by_cookie=False),
            lose(choose_password_at_a_link, by_cookie=True),
        )
        assert set(codes) == {4401}
        assert (await stranger.ok("ping"))["type"] == "pong"
