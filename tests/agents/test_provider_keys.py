from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from agents import secrets
from agents.llm.errors import ConfigInvalid
from agents.models import Provider
from agents.provider_keys import client_secret, has_credentials, header_values, provider_key, secret_headers
from agents.secrets import SecretUnreadable


def provider(reference: str, auth: str = Provider.Auth.API_KEY) -> Provider:
    return Provider(api_key=reference, auth=auth)


def test_a_key_comes_from_the_environment_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    row = provider("env:GATEWAY_KEY")
    assert not has_credentials(row)
    monkeypatch.setenv("GATEWAY_KEY", "s3cret")
    assert provider_key(row) == "s3cret"
    assert has_credentials(row)


def test_the_shipped_providers_keys_come_from_the_settings(settings: Settings) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        setattr(settings, name, "from-a-mounted-secret")
        assert provider_key(provider(f"env:{name}")) == "from-a-mounted-secret"
        setattr(settings, name, "")
        assert not has_credentials(provider(f"env:{name}"))


def test_other_settings_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert provider_key(provider("env:SECRET_KEY")) == ""


def test_a_key_comes_from_a_file_that_may_change(tmp_path: Path) -> None:
    file = tmp_path / "key"
    row = provider(f"file:{file}")
    assert not has_credentials(row)
    file.write_text("one\n")
    assert provider_key(row) == "one"
    file.write_text("two\n")
    assert provider_key(row) == "two"
    file.write_bytes(b"\xff\xfe")
    assert not has_credentials(row)


def test_who_needs_no_key_has_none() -> None:
    assert has_credentials(provider("", Provider.Auth.NONE))
    assert provider_key(provider("env:HOME", Provider.Auth.NONE)) == ""
    assert not has_credentials(provider("", Provider.Auth.API_KEY))
    assert not has_credentials(provider("env:HOME", Provider.Auth.OAUTH2))


def test_a_client_secret_is_read_like_a_key_and_only_where_oauth2_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Provider(
        name="Gate", auth=Provider.Auth.OAUTH2, oauth2={"client_secret": "env:GATE_SECRET"}, api_key="env:OTHER"
    )
    monkeypatch.setenv("OTHER", "a key")
    assert not has_credentials(row)
    monkeypatch.setenv("GATE_SECRET", "s3cret")
    assert (client_secret(row), provider_key(row)) == ("s3cret", "")
    assert has_credentials(row)
    row.auth = Provider.Auth.API_KEY
    assert (client_secret(row), provider_key(row)) == ("", "a key")


def test_a_client_secret_that_no_key_opens_is_to_be_entered_again(settings: Settings) -> None:
    sealed = secrets.seal("canary-secret")
    row = Provider(name="Gate", auth=Provider.Auth.OAUTH2, oauth2={"client_secret": sealed})
    assert client_secret(row) == "canary-secret"
    settings.ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
    assert not has_credentials(row)
    with pytest.raises(SecretUnreadable, match="re-enter the key"):
        client_secret(row)


def test_headers_refer_to_secrets_or_say_what_they_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("GATE_KEY", "from the environment")
    row = Provider(name="Gate", headers={"a": "plain", "b": "env:GATE_KEY", "c": f"file:{tmp_path / 'key'}"})
    assert header_values(row) == {"a": "plain", "b": "from the environment", "c": "from a file"}
    assert secret_headers(row) == {"b": "from the environment", "c": "from a file"}
    monkeypatch.delenv("GATE_KEY")
    with pytest.raises(ConfigInvalid, match=r"header b of Gate refers to env:GATE_KEY.*Your message is kept"):
        header_values(row)
