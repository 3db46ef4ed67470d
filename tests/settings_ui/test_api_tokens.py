from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, User
from accounts.tokens import authenticate_bearer, issue, revoke
from tests.conftest import TokenFor

TOKENS = "/settings/tokens/"
HOSTILE = "<script>alert(1)</script>"
FORM = {"name": "nightly", "scope": "read", "lifetime": "90"}


def secret_in(answer: Any) -> str:
    found = re.search(r"<code data-token>(tp_\w+)</code>", answer.text)
    assert found is not None
    return found[1]


def shown(client: Client) -> str:
    answer = client.get(TOKENS)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return " ".join(answer.text.split())


def test_a_token_is_made_shown_once_and_kept_nowhere(owner_client: Client, owner: User) -> None:
    answer = owner_client.post(TOKENS, FORM)
    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    secret = secret_in(answer)
    assert authenticate_bearer(secret)[0] == owner
    assert secret not in shown(owner_client)
    kept = [str(session.get_decoded()) for session in Session.objects.all()] + [str(ApiToken.objects.values().get())]
    assert not any(secret in text for text in kept)


@pytest.mark.parametrize(("lifetime", "days"), [("7", 7), ("90", 90), ("365", 365), ("never", None)])
def test_a_token_is_as_asked_for(owner_client: Client, owner: User, lifetime: str, days: int | None) -> None:
    before = timezone.now()
    owner_client.post(TOKENS, FORM | {"lifetime": lifetime})
    row = ApiToken.objects.get()
    assert (row.user, row.name, row.scope) == (owner, "nightly", "read")
    if days is None:
        assert row.expires_at is None
    else:
        assert row.expires_at is not None
        assert before + timedelta(days=days) <= row.expires_at <= timezone.now() + timedelta(days=days)


@pytest.mark.parametrize(
    "bad", [{"name": ""}, {"name": "x" * 101}, {"name": "a\0b"}, {"scope": "root"}, {"lifetime": "1"}, {"lifetime": ""}]
)
def test_a_bad_form_makes_nothing_and_keeps_what_was_typed(owner_client: Client, bad: dict[str, str]) -> None:
    answer = owner_client.post(TOKENS, FORM | bad)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="read"' in answer.text
    assert not ApiToken.objects.exists()


def test_the_list_says_what_one_must_know_to_revoke_the_right_one(owner_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write", name="grafana", expires_at=timezone.now() + timedelta(days=3)).row
    ApiToken.objects.filter(pk=row.pk).update(last_used_at=timezone.now() - timedelta(days=2))
    row.refresh_from_db()
    text = shown(owner_client)
    assert row.expires_at is not None
    assert row.last_used_at is not None
    for words in ("grafana", f"{row.prefix}…", "Read and write"):
        assert words in text
    for moment in (row.created_at, row.expires_at, row.last_used_at):
        assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in text
    assert row.digest not in text


def test_revoked_and_expired_ones_are_apart_and_cannot_be_revoked(owner_client: Client, owner: User) -> None:
    now = timezone.now()
    for name, expires_at in [("over", now - timedelta(days=1)), ("gone", None)]:
        issue(user=owner, scope="read", name=name, expires_at=expires_at)
    revoke(ApiToken.objects.get(name="gone"))
    text = shown(owner_client)
    assert "Revoked and expired (2)" in text
    assert "data-revoke=" not in text
    assert "None yet." in text


def test_revoking_asks_first_and_ends_the_token_at_once(
    owner_client: Client, owner: User, client: Client, token_for: TokenFor
) -> None:
    header = {"Authorization": token_for(owner, "read")}
    assert client.get("/api/v1/me", headers=header).status_code == 200
    address = f"{TOKENS}{ApiToken.objects.get().pk}/revoke/"

    assert "Revoke this token?" in owner_client.get(address).text
    assert client.get("/api/v1/me", headers=header).status_code == 200

    assert owner_client.post(address)["Location"] == TOKENS
    assert client.get("/api/v1/me", headers=header).status_code == 401
    assert "refused from now on" in shown(owner_client)
    assert "This token is revoked" in owner_client.get(address).text


def test_making_and_revoking_are_in_the_audit_log(owner_client: Client, owner: User) -> None:
    secret = secret_in(owner_client.post(TOKENS, FORM))
    row = ApiToken.objects.get()
    for _ in range(2):
        owner_client.post(f"{TOKENS}{row.pk}/revoke/")
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [(entry.actor, entry.door, entry.action, entry.target_id) for entry in entries] == [
        (owner, "page", "created", str(row.pk)),
        (owner, "page", "revoked", str(row.pk)),
    ]
    assert secret not in str([entry.changes for entry in entries])


@pytest.mark.parametrize("stranger", ["member_client", "staff_client"])
def test_everyone_sees_and_revokes_their_own_only(stranger: str, owner: User, request: pytest.FixtureRequest) -> None:
    row = issue(user=owner, scope="write", name="grafana").row
    client: Client = request.getfixturevalue(stranger)
    assert "grafana" not in shown(client)
    address = f"{TOKENS}{row.pk}/revoke/"
    assert client.get(address).status_code == client.post(address).status_code == 404
    assert ApiToken.objects.get(pk=row.pk).revoked_at is None


def test_strangers_are_sent_to_sign_in(client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write").row
    for address in (TOKENS, f"{TOKENS}{row.pk}/revoke/"):
        assert client.get(address)["Location"] == f"/login/?next={address}"
        assert client.post(address, FORM).status_code == 302
    assert ApiToken.objects.count() == 1
    assert ApiToken.objects.get().revoked_at is None


def test_a_form_of_another_site_changes_nothing(owner: User) -> None:
    row = issue(user=owner, scope="write").row
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    for address in (TOKENS, f"{TOKENS}{row.pk}/revoke/"):
        assert client.post(address, FORM).status_code == 403
    assert ApiToken.objects.count() == 1
    assert ApiToken.objects.get().revoked_at is None


def test_a_name_is_no_markup(owner_client: Client) -> None:
    owner_client.post(TOKENS, FORM | {"name": HOSTILE})
    row = ApiToken.objects.get()
    pages = [shown(owner_client), owner_client.get(f"{TOKENS}{row.pk}/revoke/").text]
    owner_client.post(f"{TOKENS}{row.pk}/revoke/")
    pages += [shown(owner_client), owner_client.get(f"{TOKENS}{row.pk}/revoke/").text]
    for text in pages:
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text


def test_an_empty_list_says_how_a_token_is_used(owner_client: Client) -> None:
    assert "Authorization: Bearer tp_…" in shown(owner_client)
