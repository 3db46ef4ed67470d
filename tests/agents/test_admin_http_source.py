from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEntry
from agents import secrets
from agents.models import HttpSource
from tests.agents.admin_forms import sent_back

ADD = reverse("admin:agents_httpsource_add")
LIST = reverse("admin:agents_httpsource_changelist")
KEY = "canary-source-key-0123456789f3"
OAUTH2 = {
    "auth": "oauth2",
    "oauth2_token_url": "https://idp.example.com/token",
    "oauth2_client_id": "reader",
    "new_client_secret": KEY,
}

pytestmark = pytest.mark.django_db


def new(**values: Any) -> dict[str, Any]:
    fields = {"name": "Shop", "slug": "shop", "base_url": "https://shop.example.com/api", "auth": "header"}
    allowed = {"allowed_paths": "/orders\n/orders/*", "allowed_methods": "get", "operations": "GET /orders"}
    header = {"header_name": "Authorization", "header_scheme": "Bearer", "new_api_key": KEY}
    return {**fields, **allowed, **header, "enabled": "on", **values}


def page_of(row: HttpSource) -> str:
    return reverse("admin:agents_httpsource_change", args=[row.pk])


def added(client: Client, **values: Any) -> HttpSource:
    answer = client.post(ADD, new(**values))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return HttpSource.objects.get(slug="shop")


def test_a_source_is_defined_and_its_key_sealed(staff_client: Client) -> None:
    row = added(staff_client)
    assert row.allowed_methods == "GET"
    assert KEY not in row.api_key
    assert secrets.read(row.api_key) == KEY
    assert KEY not in str(AuditEntry.objects.get().changes)


def test_its_secrets_are_never_shown_again_but_for_their_ends(staff_client: Client) -> None:
    row = added(staff_client, new_client_secret=KEY, oauth2_token_url="https://idp.example.com/t", oauth2_client_id="r")
    for address in (page_of(row), LIST):
        page = staff_client.get(address).text
        assert "set, ends in …f3" in page
        assert KEY not in page
        assert "sealed:" not in page


def test_a_key_stays_is_replaced_and_is_removed(staff_client: Client) -> None:
    row = added(staff_client)
    before = row.api_key
    assert staff_client.post(page_of(row), sent_back(staff_client, page_of(row), name="Renamed")).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.api_key) == ("Renamed", before)
    staff_client.post(page_of(row), sent_back(staff_client, page_of(row), new_api_key=f"{KEY}2"))
    row.refresh_from_db()
    assert secrets.read(row.api_key) == f"{KEY}2"
    staff_client.post(page_of(row), sent_back(staff_client, page_of(row), clear_api_key="on", auth="none"))
    row.refresh_from_db()
    assert row.api_key == ""


def test_oauth2_is_stored_whole(staff_client: Client) -> None:
    row = added(staff_client, **OAUTH2, new_api_key="")
    assert row.oauth2["token_url"] == "https://idp.example.com/token"
    assert secrets.read(row.oauth2["client_secret"]) == KEY


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"base_url": "http://169.254.169.254/"}, "base_url"),
        ({"base_url": "http://shop.example.com"}, "base_url"),
        ({"base_url": "https://user:pw@shop.example.com"}, "base_url"),
        ({"allowed_paths": ""}, "allowed_paths"),
        ({"allowed_paths": "/ok\n/a/../b"}, "allowed_paths"),
        ({"allowed_methods": "BREW"}, "allowed_methods"),
        ({"header_name": "Host"}, "header_name"),
        ({"header_name": ""}, "header_name"),
        ({"header_scheme": "Bearer x"}, "header_scheme"),
        ({"new_api_key": ""}, "new_api_key"),
        ({"new_api_key": "two words"}, "new_api_key"),
        ({"operations": "x" * 1_001}, "operations"),
        ({"auth": "oauth2"}, "oauth2_token_url"),
        ({**OAUTH2, "oauth2_token_url": "http://10.0.0.1/token"}, "oauth2_token_url"),
    ],
)
def test_what_could_not_be_called_is_refused_at_its_field(
    staff_client: Client, values: dict[str, Any], field: str
) -> None:
    answer = staff_client.post(ADD, new(**values))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {field}
    assert KEY not in answer.text
    assert not HttpSource.objects.filter(slug="shop").exists()


def test_the_database_takes_no_plain_key() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        HttpSource.objects.create(slug="plain", name="Plain", allowed_paths="/", api_key="plain")


@pytest.mark.parametrize("who", ["member_client", "client"])
def test_nobody_but_staff_gets_in(request: pytest.FixtureRequest, who: str) -> None:
    somebody: Client = request.getfixturevalue(who)
    assert somebody.get(LIST).status_code == 302
    assert somebody.post(ADD, new()).status_code == 302
    assert not HttpSource.objects.filter(slug="shop").exists()


def test_its_secrets_are_encrypted_anew_when_keys_rotate(staff_client: Client, settings: Settings) -> None:
    from cryptography.fernet import Fernet

    row = added(staff_client, new_client_secret=KEY, oauth2_token_url="https://idp.example.com/t", oauth2_client_id="r")
    first = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [first, *settings.ENCRYPTION_KEYS]
    call_command("rotate_encryption_keys")
    settings.ENCRYPTION_KEYS = [first]
    row.refresh_from_db()
    assert secrets.read(row.api_key) == KEY == secrets.read(row.oauth2["client_secret"])


def test_a_stored_key_does_not_follow_the_address_to_another_place(staff_client: Client) -> None:
    row = added(staff_client)
    moved = {"base_url": "https://evil.example/api"}
    page = page_of(row)
    answer = staff_client.post(page, new(**moved, new_api_key=""))
    assert "The address has changed: enter it again" in answer.text
    row.refresh_from_db()
    assert row.base_url == "https://shop.example.com/api"
    same_place = {"base_url": "https://shop.example.com/v2", "new_api_key": ""}
    assert staff_client.post(page, new(**same_place)).status_code == 302
    assert staff_client.post(page, new(**moved, new_api_key="another-key-of-the-new-place")).status_code == 302
    row.refresh_from_db()
    assert row.base_url == "https://evil.example/api"
