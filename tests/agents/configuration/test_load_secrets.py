"""What a file says of a secret, and what the row holds afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from agents import secrets
from agents.models import Provider
from tests.agents.configuration.files import EXAMPLE, GATEWAY, everything, load, refusal

pytestmark = pytest.mark.django_db


def provider() -> Provider:
    return Provider.objects.get(slug="gateway")


def test_a_literal_is_stored_sealed_and_sealed_anew_only_if_it_is_another(tmp_path: Path) -> None:
    text = '[[provider]]\nslug = "gateway"\nkind = "openai"\napi_key = "sk-first"\n'
    assert '    api_key: "set"' in load(tmp_path, text)
    first = provider().api_key
    assert secrets.is_sealed(first)
    assert secrets.unseal(first) == "sk-first"
    assert "0 new, 0 changed" in load(tmp_path, text)
    assert provider().api_key == first
    assert '    api_key: "set" -> "set anew"' in load(tmp_path, text.replace("first", "second"))
    assert secrets.unseal(provider().api_key) == "sk-second"


def test_keep_keeps_what_is_stored(tmp_path: Path) -> None:
    text = EXAMPLE.replace('"env:ANTHROPIC_API_KEY"', '"sk-1"').replace('"env:GATEWAY_SECRET"', '"s-2"')
    load(tmp_path, text)
    before = everything()
    load(tmp_path, text.replace('"sk-1"', '"keep:"').replace('"s-2"', '"keep:"'))
    assert everything() == before


def test_nothing_to_keep_is_refused(tmp_path: Path) -> None:
    text = EXAMPLE.replace('"env:ANTHROPIC_API_KEY"', '"keep:"').replace('"env:GATEWAY_SECRET"', '"keep:"')
    told = refusal(tmp_path, text)
    assert 'f, line 5: api_key "keep:" keeps a stored secret, and there is none' in told
    assert 'f, line 10: client_secret "keep:" keeps a stored secret, and there is none' in told


def test_a_lost_key_is_replaced_by_the_literal(tmp_path: Path, settings: Settings) -> None:
    text = '[[provider]]\nslug = "gateway"\nkind = "openai"\napi_key = "sk-first"\n'
    load(tmp_path, text)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert "its key: cannot be read: re-enter the key" in load(tmp_path, text.replace('"sk-first"', '"keep:"'))
    load(tmp_path, text)
    assert secrets.unseal(provider().api_key) == "sk-first"


def test_a_provider_that_cannot_be_called_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Note: provider gateway is not offered: its key: env:GATEWAY_KEY (not set)" in load(tmp_path, GATEWAY)
    monkeypatch.setenv("GATEWAY_KEY", "x")
    assert "Note" not in load(tmp_path, GATEWAY)
    said = "Note: provider anthropic is not offered: its OAuth2 client secret: env:GATEWAY_SECRET (not set)"
    monkeypatch.delenv("GATEWAY_SECRET", raising=False)
    assert said in load(tmp_path, EXAMPLE)
    monkeypatch.setenv("GATEWAY_SECRET", "x")
    assert "anthropic is not offered" not in load(tmp_path, EXAMPLE)


class TestAnAddressThatLeadsElsewhere:
    """The stored secret does not go with it, whether the file leaves it out or says keep:."""

    TEXT = GATEWAY.replace('"env:GATEWAY_KEY"', '"sk-first"')
    MOVED = TEXT.replace("https://gateway.example.com", "https://evil.example")
    REFUSED = "f, line 4: base_url leads elsewhere, where the stored api_key must not go"

    @pytest.mark.parametrize("said", ['api_key = "keep:"\n', ""])
    def test_is_refused(self, tmp_path: Path, said: str) -> None:
        load(tmp_path, self.TEXT)
        assert self.REFUSED in refusal(tmp_path, self.MOVED.replace('api_key = "sk-first"\n', said))

    @pytest.mark.parametrize("said", ["sk-of-the-new-place", "env:OTHER", "sk-first", ""])
    def test_is_taken_where_the_key_is_written_with_it(self, tmp_path: Path, said: str) -> None:
        load(tmp_path, self.TEXT)
        load(tmp_path, self.MOVED.replace('"sk-first"', f'"{said}"'))
        assert provider().base_url == "https://evil.example/v1"

    def test_another_path_at_the_same_place_is_none(self, tmp_path: Path) -> None:
        load(tmp_path, self.TEXT)
        load(tmp_path, self.TEXT.replace("/v1", "/v2").replace('"sk-first"', '"keep:"'))
        assert secrets.unseal(provider().api_key) == "sk-first"

    def test_so_does_the_address_that_the_kind_means(self, tmp_path: Path) -> None:
        text = '[[provider]]\nslug = "gateway"\nkind = "openai"\napi_key = "sk-first"\n'
        load(tmp_path, text)
        told = refusal(tmp_path, text.replace('"openai"', '"anthropic"').replace("sk-first", "keep:"))
        assert "base_url leads elsewhere" in told

    def test_so_does_the_token_url(self, tmp_path: Path) -> None:
        text = EXAMPLE.replace('"env:GATEWAY_SECRET"', '"s-2"')
        load(tmp_path, text)
        told = refusal(tmp_path, text.replace("idp.example.com", "evil.example").replace('"s-2"', '"keep:"'))
        assert "f, line 8: token_url leads elsewhere, where the stored client_secret must not go" in told
