from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEntry, User
from agents import secrets
from agents.models import Provider
from tests.agents.admin_forms import sent_back
from tests.agents.rows import make_model

ADD = reverse("admin:agents_provider_add")
LIST = reverse("admin:agents_provider_changelist")
KEY = "sk-canary-9d1c-0123456789f3"
OAUTH2 = {
    "auth": "oauth2",
    "oauth2_token_url": "https://idp.example.com/token",
    "oauth2_client_id": "tokenproject",
    "new_client_secret": KEY,
    "oauth2_scope": "llm.invoke",
    "oauth2_client_auth": "body",
}


def new(**values: Any) -> dict[str, Any]:
    fields = {"name": "Gate", "slug": "gate", "kind": "openai_compatible", "auth": "api_key", "position": "1"}
    return {**fields, "base_url": "https://gate.example.com/v1", "enabled": "on", "headers": "{}", **values}


def page_of(provider: Provider) -> str:
    return reverse("admin:agents_provider_change", args=[provider.pk])


@pytest.fixture
def keyed(staff_client: Client) -> Provider:
    assert staff_client.post(ADD, new(new_api_key=KEY)).status_code == 302
    AuditEntry.objects.all().delete()
    return Provider.objects.get()


class TestTheKey:
    @pytest.mark.parametrize("moved", [{"base_url": "https://evil.example/v1"}, {"base_url": ""}])
    def test_does_not_follow_the_address_to_another_place(
        self, staff_client: Client, keyed: Provider, moved: dict[str, str]
    ) -> None:
        answer = staff_client.post(page_of(keyed), new(**moved))
        assert "The address has changed: enter it again" in answer.text
        keyed.refresh_from_db()
        assert keyed.base_url == "https://gate.example.com/v1"
        same_place = {"base_url": "https://gate.example.com/v2"}
        assert staff_client.post(page_of(keyed), new(**same_place)).status_code == 302
        assert staff_client.post(page_of(keyed), new(**moved, new_api_key="sk-of-the-new-place")).status_code == 302
        keyed.refresh_from_db()
        assert keyed.base_url == moved["base_url"]

    def test_does_not_follow_the_kind_where_that_says_the_address(self, staff_client: Client) -> None:
        row = Provider.objects.create(slug="o", name="O", kind="openai", auth="api_key", api_key="env:OPENAI_KEY")
        fields = {"name": "O", "slug": "o", "base_url": "", "kind": "anthropic"}
        assert "enter it again" in staff_client.post(page_of(row), new(**fields)).text
        assert staff_client.post(page_of(row), new(**{**fields, "kind": "openai"})).status_code == 302

    def test_of_oauth2_does_not_follow_either_address(self, staff_client: Client) -> None:
        oauth2 = {"oauth2_token_url": "https://idp.example.com/t", "oauth2_client_id": "c", "auth": "oauth2"}
        assert staff_client.post(ADD, new(**oauth2, new_client_secret=KEY)).status_code == 302
        page = page_of(Provider.objects.get())
        for moved in ({"oauth2_token_url": "https://evil.example/t"}, {"base_url": "https://evil.example/v1"}):
            assert "enter it again" in staff_client.post(page, new(**{**oauth2, **moved})).text
        assert staff_client.post(page, new(**oauth2)).status_code == 302

    def test_is_sealed(self, keyed: Provider) -> None:
        assert keyed.api_key.startswith("sealed:")
        assert KEY not in keyed.api_key
        assert secrets.read(keyed.api_key) == KEY

    def test_is_never_shown_again_but_for_its_end(self, staff_client: Client, keyed: Provider) -> None:
        for address in (page_of(keyed), LIST):
            page = staff_client.get(address).text
            assert "set, ends in …f3" in page
            assert KEY not in page
            assert "sealed:" not in page

    def test_is_not_shown_when_something_else_is_wrong(self, staff_client: Client) -> None:
        answer = staff_client.post(ADD, new(new_api_key=KEY, slug=""))
        assert answer.status_code == 200
        assert "canary" not in answer.text
        assert not Provider.objects.exists()

    def test_stays_where_the_field_is_left_empty(self, staff_client: Client, keyed: Provider) -> None:
        staff_client.post(page_of(keyed), sent_back(staff_client, page_of(keyed), name="Renamed"))
        before = keyed.api_key
        keyed.refresh_from_db()
        assert (keyed.name, keyed.api_key) == ("Renamed", before)
        assert AuditEntry.objects.get().changes == {"name": ["Gate", "Renamed"]}

    def test_can_be_replaced_and_removed(self, staff_client: Client, keyed: Provider) -> None:
        staff_client.post(page_of(keyed), sent_back(staff_client, page_of(keyed), new_api_key=f"{KEY}2"))
        keyed.refresh_from_db()
        assert secrets.read(keyed.api_key) == f"{KEY}2"
        staff_client.post(page_of(keyed), sent_back(staff_client, page_of(keyed), clear_api_key="on"))
        keyed.refresh_from_db()
        assert keyed.api_key == ""
        noted = AuditEntry.objects.order_by("id").values_list("changes", flat=True)
        assert list(noted) == [{"api_key": ["set", "set anew"]}, {"api_key": ["set", "unset"]}]

    @pytest.mark.parametrize("reference", ["env:GATE_KEY", "file:/run/secrets/gate"])
    def test_may_be_a_reference_which_is_shown(self, staff_client: Client, reference: str) -> None:
        assert staff_client.post(ADD, new(new_api_key=reference)).status_code == 302
        provider = Provider.objects.get()
        assert provider.api_key == reference
        assert f"{reference} (not set)" in staff_client.get(page_of(provider)).text
        assert AuditEntry.objects.get().changes["api_key"] == ["unset", reference]

    @pytest.mark.parametrize("wrong", ["sealed:abc", "env:", "env:A B", "file:", "two words", "schlüssel", "ENV:X"])
    def test_of_a_wrong_shape_is_refused(self, staff_client: Client, wrong: str) -> None:
        answer = staff_client.post(ADD, new(new_api_key=wrong))
        assert answer.status_code == 200
        assert "Must " in answer.text
        assert not Provider.objects.exists()

    def test_that_no_encryption_key_opens_is_said_to_be_entered_again(
        self, staff_client: Client, keyed: Provider, settings: Settings
    ) -> None:
        settings.ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
        for address in (page_of(keyed), LIST):
            assert "re-enter the key" in staff_client.get(address).text

    def test_gets_no_browser_to_fill_in_a_password(self, staff_client: Client) -> None:
        page = staff_client.get(ADD).text
        assert page.count('type="password"') == page.count('autocomplete="new-password"') == 2


class TestOAuth2:
    def test_is_stored_whole_with_its_secret_sealed(self, staff_client: Client) -> None:
        assert staff_client.post(ADD, new(**OAUTH2)).status_code == 302
        provider = Provider.objects.get()
        sealed = provider.oauth2.pop("client_secret")
        assert secrets.read(sealed) == KEY
        assert provider.oauth2 == {
            "token_url": "https://idp.example.com/token",
            "client_id": "tokenproject",
            "scope": "llm.invoke",
            "audience": "",
            "client_auth": "body",
        }
        page = staff_client.get(page_of(provider)).text
        assert "https://idp.example.com/token" in page
        assert KEY not in page
        assert sealed not in page

    def test_changes_are_noted_part_by_part(self, staff_client: Client) -> None:
        staff_client.post(ADD, new(**OAUTH2))
        provider = Provider.objects.get()
        changes = {"oauth2_scope": "other", "new_client_secret": "x" * 20}
        staff_client.post(page_of(provider), sent_back(staff_client, page_of(provider), **changes))
        assert AuditEntry.objects.first().changes == {  # type: ignore[union-attr]
            "oauth2.scope": ["llm.invoke", "other"],
            "oauth2.client_secret": ["set", "set anew"],
        }

    def test_stays_where_nothing_is_touched(self, staff_client: Client) -> None:
        staff_client.post(ADD, new(**OAUTH2))
        provider = Provider.objects.get()
        before = dict(provider.oauth2)
        staff_client.post(page_of(provider), sent_back(staff_client, page_of(provider)))
        provider.refresh_from_db()
        assert provider.oauth2 == before
        assert AuditEntry.objects.count() == 1

    def test_can_be_taken_away(self, staff_client: Client) -> None:
        staff_client.post(ADD, new(**OAUTH2))
        provider = Provider.objects.get()
        gone = {name: "" for name in OAUTH2 if name.startswith("oauth2_")}
        changes = {**gone, "auth": "none", "clear_client_secret": "on"}
        staff_client.post(page_of(provider), sent_back(staff_client, page_of(provider), **changes))
        provider.refresh_from_db()
        assert (provider.auth, provider.oauth2) == ("none", {})

    @pytest.mark.parametrize(
        "changes",
        [
            {"oauth2_token_url": ""},
            {"oauth2_client_id": ""},
            {"new_client_secret": ""},
            {"oauth2_token_url": "ftp://idp.example.com"},
            {"oauth2_token_url": "https://user:pass@idp.example.com"},
            {"oauth2_token_url": "http://169.254.169.254/latest"},
            {"oauth2_client_auth": "query"},
            {"oauth2_token_url": "", "oauth2_client_id": "", "new_client_secret": "", "oauth2_scope": ""},
        ],
    )
    def test_half_of_it_is_refused(self, staff_client: Client, changes: dict[str, str]) -> None:
        answer = staff_client.post(ADD, new(**{**OAUTH2, **changes}))
        assert answer.status_code == 200
        assert "canary" not in answer.text
        assert not Provider.objects.exists()


class TestTheRest:
    @pytest.mark.parametrize(
        "base_url",
        [
            "ftp://x.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://user:pass@x.example",
            "http://10.0.0.1",
            "https://localhost",
        ],
    )
    def test_a_base_url_is_public_https_without_a_password(self, staff_client: Client, base_url: str) -> None:
        assert staff_client.post(ADD, new(base_url=base_url)).status_code == 200
        assert not Provider.objects.exists()

    @pytest.mark.parametrize(
        "headers",
        ['{"Authorization": "x"}', '{"x-api-key": "x"}', '{"a": 1}', '["a"]', '{"a b": "x"}', '{"a": "x\\ny"}', "{"],
    )
    def test_headers_hold_no_secret_and_no_line_break(self, staff_client: Client, headers: str) -> None:
        assert staff_client.post(ADD, new(headers=headers)).status_code == 200
        assert not Provider.objects.exists()

    def test_headers_are_kept(self, staff_client: Client) -> None:
        assert staff_client.post(ADD, new(headers='{"x-team": "payments"}')).status_code == 302
        assert Provider.objects.get().headers == {"x-team": "payments"}

    @pytest.mark.parametrize("name", ["x-gateway-token", "ocp-apim-subscription-key", "X-Auth", "x_client_secret"])
    def test_a_header_that_looks_like_a_secret_may_only_refer_to_it(self, staff_client: Client, name: str) -> None:
        answer = staff_client.post(ADD, new(headers=f'{{"{name}": "canary"}}'))
        assert answer.status_code == 200
        assert "looks like a secret" in answer.text
        assert not Provider.objects.exists()
        assert staff_client.post(ADD, new(headers=f'{{"{name}": "env:GATE"}}')).status_code == 302
        assert Provider.objects.get().headers == {name: "env:GATE"}

    def test_deleting_is_asked_for_and_says_what_went_with_it(
        self, staff_client: Client, staff: User, owner: User
    ) -> None:
        model = make_model(slug="gate", auth="api_key", api_key="env:GATE_KEY")
        model.configs.create(user=owner, temperature=1)
        address = reverse("admin:agents_provider_delete", args=[model.provider.pk])
        assert "Are you sure" in staff_client.get(address).text
        assert Provider.objects.exists()
        staff_client.post(address, {"post": "yes"})
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.target_id) == (staff, "deleted", str(model.provider.pk))
        assert entry.changes["api_key"] == ["env:GATE_KEY", "unset"]
        assert entry.changes["deleted with it.agents.LanguageModel"] == [None, 1]
        assert entry.changes["deleted with it.agents.AgentConfig"] == [None, 1]

    def test_only_staff_gets_in(self, client: Client, member_client: Client, keyed: Provider) -> None:
        for address in (LIST, ADD, page_of(keyed)):
            assert client.get(address).status_code == member_client.get(address).status_code == 302
