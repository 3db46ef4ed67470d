from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from agents import secrets
from agents.models import DatadogConnection
from tests.agents.admin_forms import sent_back

ADD = reverse("admin:agents_datadogconnection_add")
LIST = reverse("admin:agents_datadogconnection_changelist")
KEYS = {"new_api_key": "dd-canary-0123456789-f3", "new_application_key": "dd-canary-0123456789-a7"}


def new(**values: Any) -> dict[str, Any]:
    fields = {"name": "Acme", "slug": "acme", "site": "datadoghq.eu", "base_url": "", "enabled": "on", "position": "1"}
    return {**fields, **KEYS, **values}


@pytest.fixture
def keyed(staff_client: Client) -> DatadogConnection:
    assert staff_client.post(ADD, new()).status_code == 302
    return DatadogConnection.objects.get()


def page_of(row: DatadogConnection) -> str:
    return reverse("admin:agents_datadogconnection_change", args=[row.pk])


def test_keys_are_sealed_and_never_shown_again(staff_client: Client, keyed: DatadogConnection) -> None:
    stored = (keyed.api_key, keyed.application_key)
    assert all(key.startswith("sealed:") for key in stored)
    assert tuple(map(secrets.read, stored)) == tuple(KEYS.values())
    for address in (page_of(keyed), LIST):
        page = staff_client.get(address).text
        assert "set, ends in …f3" in page
        assert "set, ends in …a7" in page
        assert "canary" not in page
        assert "sealed:" not in page
    changes = AuditEntry.objects.get(action="created").changes
    assert (changes["api_key"][1], changes["application_key"][1]) == ("set", "set")
    assert "canary" not in str(changes)
    assert "sealed:" not in str(changes)


def test_an_empty_field_keeps_the_key_and_a_box_removes_it(staff_client: Client, keyed: DatadogConnection) -> None:
    before = keyed.api_key
    staff_client.post(page_of(keyed), sent_back(staff_client, page_of(keyed), name="Renamed"))
    keyed.refresh_from_db()
    assert (keyed.name, keyed.api_key) == ("Renamed", before)
    off = sent_back(staff_client, page_of(keyed), clear_api_key="on", enabled=None)
    assert staff_client.post(page_of(keyed), off).status_code == 302
    keyed.refresh_from_db()
    assert (keyed.api_key, keyed.enabled) == ("", False)


@pytest.mark.parametrize("missing", list(KEYS))
def test_an_account_wants_both_keys(staff_client: Client, missing: str) -> None:
    answer = staff_client.post(ADD, new(**{missing: ""}))
    assert answer.status_code == 200
    assert "an API key and an application key" in answer.text
    assert "canary" not in answer.text
    assert not DatadogConnection.objects.exists()


def test_the_sandbox_company_wants_none(staff_client: Client) -> None:
    assert staff_client.post(ADD, new(site="sandbox", new_api_key="", new_application_key="")).status_code == 302
    assert "none needed" in staff_client.get(LIST).text


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254", "https://localhost/", "ftp://x", "https://u:p@dd.example"]
)
def test_an_address_that_may_not_be_called_is_refused(staff_client: Client, address: str) -> None:
    assert staff_client.post(ADD, new(base_url=address)).status_code == 200
    assert not DatadogConnection.objects.exists()


def test_strangers_see_nothing(client: Client, member_client: Client, keyed: DatadogConnection) -> None:
    for stranger in (client, member_client):
        for address in (ADD, LIST, page_of(keyed)):
            assert stranger.get(address).status_code in (302, 403)


def test_the_database_takes_no_plain_key(db: None) -> None:
    with pytest.raises(IntegrityError):
        DatadogConnection.objects.create(slug="a", name="A", api_key="plain")


def test_stored_keys_do_not_follow_the_site_to_another(staff_client: Client, keyed: DatadogConnection) -> None:
    without = {"new_api_key": "", "new_application_key": ""}
    answer = staff_client.post(page_of(keyed), new(site="datadoghq.com", **without))
    assert answer.text.count("The address has changed: enter it again") >= 2
    keyed.refresh_from_db()
    assert keyed.site == "datadoghq.eu"
    assert staff_client.post(page_of(keyed), new(name="Renamed", **without)).status_code == 302
    assert staff_client.post(page_of(keyed), new(site="datadoghq.com")).status_code == 302
