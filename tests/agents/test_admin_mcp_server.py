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
from agents.mcp_rows import McpServer
from tests.agents.admin_forms import sent_back

ADD = reverse("admin:agents_mcpserver_add")
LIST = reverse("admin:agents_mcpserver_changelist")
KEY = "canary-mcp-key-0123456789f3"
OAUTH2 = {
    "auth": "oauth2",
    "oauth2_token_url": "https://idp.example.com/token",
    "oauth2_client_id": "reader",
    "new_client_secret": KEY,
}

pytestmark = pytest.mark.django_db


def new(**values: Any) -> dict[str, Any]:
    fields = {"name": "Git", "slug": "git", "url": "https://mcp.example.com/mcp", "auth": "header", "headers": "{}"}
    header = {"header_name": "Authorization", "header_scheme": "Bearer", "new_api_key": KEY}
    return {**fields, **header, "enabled": "on", **values}


def page_of(row: McpServer) -> str:
    return reverse("admin:agents_mcpserver_change", args=[row.pk])


def added(client: Client, **values: Any) -> McpServer:
    answer = client.post(ADD, new(**values))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return McpServer.objects.get(slug="git")


def test_a_server_is_connected_and_its_key_sealed(staff_client: Client) -> None:
    row = added(staff_client, headers='{"DD_API_KEY": "env:ORG_KEY"}', url="https://mcp.example.com/mcp?toolsets=a,b")
    assert KEY not in row.api_key
    assert secrets.read(row.api_key) == KEY
    assert row.headers == {"DD_API_KEY": "env:ORG_KEY"}
    assert KEY not in str(AuditEntry.objects.get().changes)


def test_its_secrets_are_never_shown_again_but_for_their_ends(staff_client: Client) -> None:
    row = added(staff_client, **OAUTH2 | {"new_api_key": KEY})
    for address in (page_of(row), LIST, reverse("admin:agents_mcpserver_tools", args=[row.pk])):
        page = staff_client.get(address).text
        assert KEY not in page
        assert "sealed:" not in page
    assert "set, ends in …f3" in staff_client.get(page_of(row)).text


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


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://169.254.169.254/mcp"}, "url"),
        ({"url": "http://mcp.example.com/mcp"}, "url"),
        ({"url": "https://user:pw@mcp.example.com"}, "url"),
        ({"url": f"https://mcp.example.com/mcp?api_key={KEY}"}, "url"),
        ({"url": "https://mcp.example.com/mcp?a=b#c"}, "url"),
        ({"slug": "my_git"}, "slug"),
        ({"header_name": "Host"}, "header_name"),
        ({"header_name": ""}, "header_name"),
        ({"header_scheme": "Bearer x"}, "header_scheme"),
        ({"new_api_key": ""}, "new_api_key"),
        ({"headers": '{"DD_API_KEY": "plain-key-012345"}'}, "headers"),
        ({"headers": "[]x"}, "headers"),
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
    assert not McpServer.objects.filter(name="Git").exists()


def test_the_database_takes_no_plain_key_and_no_slug_that_blurs_names() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        McpServer.objects.create(slug="plain", name="Plain", url="https://a.example", api_key="plain")
    with pytest.raises(IntegrityError), transaction.atomic():
        McpServer.objects.create(slug="a_b", name="Plain", url="https://a.example")


@pytest.mark.parametrize("who", ["member_client", "client"])
def test_nobody_but_staff_gets_in(request: pytest.FixtureRequest, who: str) -> None:
    somebody: Client = request.getfixturevalue(who)
    assert somebody.get(LIST).status_code == 302
    assert somebody.post(ADD, new()).status_code == 302
    assert not McpServer.objects.exists()


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
    answer = staff_client.post(page_of(row), new(url="https://evil.example/mcp", new_api_key=""))
    assert "The address has changed: enter it again" in answer.text
    row.refresh_from_db()
    assert row.url == "https://mcp.example.com/mcp"
    same_place = new(url="https://mcp.example.com/mcp?toolsets=apm", new_api_key="")
    assert staff_client.post(page_of(row), same_place).status_code == 302


def test_neither_does_a_secret_header_unless_it_is_said(staff_client: Client) -> None:
    row = added(staff_client, headers='{"X-Org-Key": "env:ORG_KEY", "X-Mode": "fast"}')
    moved = {"url": "https://evil.example/mcp", "new_api_key": KEY}
    answer = staff_client.post(page_of(row), sent_back(staff_client, page_of(row), **moved))
    assert set(answer.context["adminform"].form.errors) == {"headers_too"}
    assert "say that the new one gets X-Org-Key, or" in answer.text
    row.refresh_from_db()
    assert row.url == "https://mcp.example.com/mcp"
    said = sent_back(staff_client, page_of(row), headers_too="on", **moved)
    assert staff_client.post(page_of(row), said).status_code == 302
    row.refresh_from_db()
    assert row.url == "https://evil.example/mcp"
    plain = sent_back(staff_client, page_of(row), **moved | {"url": "https://a.example/mcp", "headers": "{}"})
    assert staff_client.post(page_of(row), plain).status_code == 302
