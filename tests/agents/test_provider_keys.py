from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from agents.llm.errors import ConfigInvalid
from agents.models import Provider
from agents.provider_keys import has_credentials, provider_key
from agents.registry import check_callable
from tests.agents.rows import make_model


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


@pytest.mark.django_db
def test_oauth2_is_refused_in_plain_words_until_it_is_there() -> None:
    oauth2 = {"token_url": "https://idp.example.com", "client_id": "c", "client_secret": "env:HOME"}
    for kind in (Provider.Kind.OPENAI_COMPATIBLE, Provider.Kind.SANDBOX):
        model = make_model(kind=kind, slug=kind, auth=Provider.Auth.OAUTH2, oauth2=oauth2)
        with pytest.raises(ConfigInvalid, match="OAuth2 sign-in towards the provider is not available yet"):
            check_callable(model)
