from __future__ import annotations

from typing import Any

import pytest

from agents import secrets
from agents.defaults import ensure_shipped_rows
from agents.llm.errors import ToolFailed
from agents.models import DatadogConnection
from agents.tools.datadog.accounts import Account, find_account

pytestmark = pytest.mark.django_db

KEY = "dd-canary-key-0123456789"


def connection(slug: str, **values: Any) -> DatadogConnection:
    keys = {"api_key": secrets.seal(KEY), "application_key": secrets.seal(f"{KEY}-app")}
    return DatadogConnection.objects.create(
        **{"slug": slug, "name": slug.title(), "site": "datadoghq.eu", **keys, **values}
    )


def test_out_of_the_box_it_is_the_sandbox_company() -> None:
    ensure_shipped_rows()
    assert find_account("") == find_account("sandbox") == Account(name="Sandbox company")


def test_one_that_an_admin_connects_goes_first() -> None:
    ensure_shipped_rows()
    connection("acme")
    found = find_account("")
    assert (found.name, found.address) == ("Acme", "https://api.datadoghq.eu")
    assert (found.api_key, found.application_key) == (KEY, f"{KEY}-app")
    assert "canary" not in repr(found)
    assert find_account("Sandbox Company").address == ""


def test_an_address_of_its_own_replaces_the_sites() -> None:
    connection("acme", base_url="https://datadog.acme.example/")
    assert find_account("acme").address == "https://datadog.acme.example"


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    connection("acme")
    connection("off", enabled=False)
    with pytest.raises(ToolFailed, match=r"there are: acme$"):
        find_account("off")


def test_without_any_account_it_is_told_what_to_do() -> None:
    with pytest.raises(ToolFailed, match="an admin can connect one"):
        find_account("")


@pytest.mark.parametrize("reference", ["", "env:NOT_THERE", "sealed:garbage"])
def test_a_key_that_is_not_there_is_told(reference: str) -> None:
    connection("acme", application_key=reference)
    with pytest.raises(ToolFailed, match="application key of the Datadog account Acme"):
        find_account("acme")
