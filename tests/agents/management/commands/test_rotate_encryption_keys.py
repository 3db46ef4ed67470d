from __future__ import annotations

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import AuditEntry
from agents.models import DatadogConnection, Provider
from agents.secrets import seal, unseal

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def rotate() -> str:
    out = StringIO()
    call_command("rotate_encryption_keys", stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _rows(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    Provider.objects.create(slug="a", name="A", kind="openai", api_key=seal("canary-a"))
    oauth2 = {"token_url": "https://idp.example.com", "client_id": "c", "client_secret": seal("canary-b")}
    Provider.objects.create(slug="b", name="B", kind="openai", api_key=seal("canary-c"), oauth2=oauth2)
    Provider.objects.create(
        slug="c", name="C", kind="openai", api_key="env:X", oauth2={**oauth2, "client_secret": "env:Y"}
    )
    Provider.objects.create(slug="d", name="D", kind="sandbox", auth="none")
    settings.ENCRYPTION_KEYS = [NEW, OLD]


def test_afterwards_the_old_key_is_not_needed(settings: Settings) -> None:
    assert rotate() == "3 stored secrets are encrypted with the first key now.\n"
    settings.ENCRYPTION_KEYS = [NEW]
    assert unseal(Provider.objects.get(slug="a").api_key) == "canary-a"
    assert unseal(Provider.objects.get(slug="b").api_key) == "canary-c"
    assert unseal(Provider.objects.get(slug="b").oauth2["client_secret"]) == "canary-b"
    assert Provider.objects.get(slug="b").oauth2["client_id"] == "c"
    assert Provider.objects.get(slug="c").api_key == "env:X"


def test_the_keys_of_a_datadog_connection_are_among_them(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    DatadogConnection.objects.create(slug="a", name="Z", api_key=seal("canary-e"), application_key=seal("canary-f"))
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate().startswith("5 stored secrets")
    settings.ENCRYPTION_KEYS = [NEW]
    row = DatadogConnection.objects.get()
    assert (unseal(row.api_key), unseal(row.application_key)) == ("canary-e", "canary-f")
    changes = AuditEntry.objects.get(target_name="Z").changes
    assert changes == {"api_key": ["set", "set anew"], "application_key": ["set", "set anew"]}
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="application_key of datadog connection a"):
        rotate()


def test_what_no_key_opens_stays_and_is_named(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    Provider.objects.filter(slug="a").update(api_key=seal("canary-d"))
    before = Provider.objects.get(slug="b").api_key
    settings.ENCRYPTION_KEYS = [NEW, settings.ENCRYPTION_KEYS[0]]
    with pytest.raises(CommandError, match=r"2 could not be read .* re-enter: api_key of provider b, client_secret of"):
        rotate()
    assert Provider.objects.get(slug="b").api_key == before
    settings.ENCRYPTION_KEYS = [NEW]
    assert unseal(Provider.objects.get(slug="a").api_key) == "canary-d"


def test_it_is_in_the_audit_log_without_a_secret() -> None:
    rotate()
    entries = AuditEntry.objects.order_by("target_name")
    assert [(entry.target_name, entry.action, entry.door) for entry in entries] == [
        ("A", "re-encrypted", "system"),
        ("B", "re-encrypted", "system"),
    ]
    assert [entry.changes for entry in entries] == [
        {"api_key": ["set", "set anew"]},
        {"api_key": ["set", "set anew"], "client_secret": ["set", "set anew"]},
    ]
