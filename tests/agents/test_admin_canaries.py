"""Canary strings in everything that is secret: no page of the admin and no answer of the API ever says one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, AuditEntry, OneTimeLink, User
from accounts.tokens import issue
from agents import secrets
from agents.mcp_rows import McpServer, McpTool
from agents.models import LanguageModel, ModelCall, Provider, RatePool, SettingRule
from tests.agents.rows import make_model
from tests.agents.test_admin_provider import ADD, OAUTH2, new
from tests.agents.test_admin_provider import page_of as provider_page

CANARY = "canary-5ab1"
PASSWORD = f"password {CANARY}"
API = ["me", "tokens", "providers", "models", "agents", "agent-configs", "openapi.json"]
_LINK = re.compile(r'href="([^"#]+)"')
_MOST_NAMES = 2  # a path and one filter


@pytest.fixture
def world(staff_client: Client, staff: User) -> list[str]:
    """A row of every kind, made through the admin where it can be, and every string that must never be said."""
    staff_client.post(ADD, new(new_api_key=f"sk-{CANARY}-key-0123456789"))
    staff_client.post(ADD, new(**OAUTH2 | {"slug": "idp", "new_client_secret": f"secret-{CANARY}-0123456789"}))
    staff_client.post(provider_page(Provider.objects.get(slug="gate")), new(new_api_key=f"sk-{CANARY}-second-012345"))
    staff_client.post(ADD, new(slug="", new_api_key=f"sk-{CANARY}-refused"))
    sealed = secrets.seal(f"mcp-{CANARY}-key-0123456789")
    server = McpServer.objects.create(
        slug="mcp", name="MCP", url="https://a.example/mcp", auth="header", api_key=sealed
    )
    McpTool.objects.create(server=server, name="stock", description="Counts.")
    model = make_model(slug="gate", model_id="m")
    RatePool.objects.create(provider=model.provider, name="pool", requests_per_minute=5)
    SettingRule.objects.create(setting="temperature", locked=True)
    model.configs.create(user=staff, temperature=0.5)
    ModelCall.objects.create(model=model, user=staff, estimated_input_tokens=1, max_output_tokens=1)

    person = User.objects.create_user(username="person", password=PASSWORD)
    link = staff_client.post(reverse("admin:accounts_user_add"), {"username": "ada"}).context["link"]
    chosen = {"new_password1": f"chosen {CANARY}", "new_password2": f"chosen {CANARY}"}
    Client().post(link, chosen)
    Client().post("/login/", {"username": "person", "password": f"wrong {CANARY}"})
    issued = issue(user=person, scope="read", name="robot")
    open_link = staff_client.post(
        reverse("admin:accounts_user_password_link", args=[person.pk]), {"confirmed": "yes"}
    ).context["link"]

    stored = [provider.api_key for provider in Provider.objects.exclude(api_key="")]
    stored.append(sealed)
    stored += [provider.oauth2["client_secret"] for provider in Provider.objects.exclude(oauth2={})]
    hashes = [*User.objects.values_list("password", flat=True), *ApiToken.objects.values_list("digest", flat=True)]
    digests = OneTimeLink.objects.values_list("digest", flat=True)
    links = [address.rstrip("/").rpartition("/")[2] for address in (link, open_link)]
    return [CANARY, issued.secret, *stored, *hashes, *digests, *links]


def crawled(client: Client) -> Iterator[tuple[str, str]]:
    """Every page of the admin that a link leads to, from its start; of filters and orders one for each name."""
    waiting = [reverse("admin:index"), f"{reverse('settings_ui:effective')}?user=person"]
    seen: set[tuple[str, ...]] = set()
    while waiting:
        address = waiting.pop()
        page = client.get(address, follow=True)
        assert page.status_code == 200, address
        yield address, page.text
        for link in map(unescape, _LINK.findall(page.text)):
            target = urljoin(address, link)
            parts = urlsplit(target)
            kind = (parts.path, *sorted(parse_qs(parts.query, keep_blank_values=True)))
            if parts.path.startswith(("/admin/", "/settings/")) and len(kind) <= _MOST_NAMES and kind not in seen:
                seen.add(kind)
                waiting.append(target)


def test_no_page_says_a_canary(staff_client: Client, world: list[str]) -> None:
    pages = dict(crawled(staff_client))
    for address, text in pages.items():
        assert [secret for secret in world if secret in unescape(text)] == [], address
    visited = {address.partition("?")[0] for address in pages}
    for model in admin.site._registry:
        for row in model._default_manager.all()[:1]:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            assert reverse(f"{name}_changelist") in visited
            assert reverse(f"{name}_change", args=[row.pk]) in visited
    assert reverse("settings_ui:effective") in visited


def test_no_answer_of_the_api_says_a_canary(staff_client: Client, world: list[str]) -> None:
    assert LanguageModel.objects.exists()
    for call in API:
        answer = staff_client.get(f"/api/v1/{call}")
        assert answer.status_code == 200
        assert [secret for secret in world if secret in answer.text] == [], call


def test_the_audit_log_holds_no_canary_and_tells_every_change(staff_client: Client, world: list[str]) -> None:
    entries = str(list(AuditEntry.objects.values()))
    assert [secret for secret in world if secret in entries] == []
    told = set(AuditEntry.objects.values_list("action", "target_name"))
    assert {("created", "Gate"), ("changed", "Gate"), ("created", "ada"), ("invited", "ada")} <= told
    assert ("password chosen", "ada") in told
