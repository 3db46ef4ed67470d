from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import audited_tokens
from accounts.models import ApiToken, AuditEntry, User
from accounts.tokens import authenticate_bearer, issue
from tests.conftest import TokenFor

TOKENS = "/api/v1/tokens"


def entries() -> list[tuple[str, str, str, str]]:
    return [(entry.actor_name, entry.door, entry.action, entry.target_id) for entry in AuditEntry.objects.all()]


def make_over_rest(client: Client, **body: Any) -> Any:
    return client.post(TOKENS, body, content_type="application/json").json()


def test_a_token_made_over_rest_is_in_the_log_without_itself(owner_client: Client, owner: User) -> None:
    made = make_over_rest(owner_client, name="nightly", scope="read")
    assert entries() == [("owner", "api", "created", made["id"])]
    entry = AuditEntry.objects.get()
    assert entry.changes["scope"] == [None, "read"]
    everything = str([entry.changes, entry.target_name])
    assert made["token"] not in everything
    assert ApiToken.objects.get().digest not in everything


def test_a_token_revoked_over_rest_is_in_the_log_once(owner_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write").row
    for _ in range(2):
        assert owner_client.delete(f"{TOKENS}/{row.pk}").status_code == 204
    assert entries() == [("owner", "api", "revoked", str(row.pk))]


def test_what_was_refused_is_not_in_the_log(
    owner: User, owner_client: Client, client: Client, token_for: TokenFor
) -> None:
    row = issue(user=owner, scope="write").row
    weak = {"Authorization": token_for(owner, "read")}
    assert client.post(TOKENS, {}, content_type="application/json", headers=weak).status_code == 403
    assert client.delete(f"{TOKENS}/{row.pk}", headers=weak).status_code == 403
    make_over_rest(owner_client, scope="root")
    assert entries() == []


def test_without_its_entry_there_is_no_token(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("accounts.audit.record", fail)
    with pytest.raises(OSError, match="full"):
        audited_tokens.make(user=owner, actor=owner, door=AuditEntry.Door.PAGE, scope="read")
    assert not ApiToken.objects.exists()


def test_a_token_made_on_the_command_line_is_in_the_log(owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", "owner", scope="read")
    assert authenticate_bearer(capsys.readouterr().out.strip())[0] == owner
    assert entries() == [("", "system", "created", str(ApiToken.objects.get().pk))]
