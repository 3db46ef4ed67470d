from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from agents.llm.errors import ConfigInvalid
from agents.models import Provider, Wire
from agents.provider_keys import has_credentials, provider_key
from agents.registry import check_callable
from agents.secrets import SecretUnreadable, hint, is_reference, is_sealed, read, resealed, seal, unseal
from tests.agents.rows import make_model

SECRET = "sk-canary-0123456789f3"


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_can_be_read_and_does_not_show() -> None:
    sealed = seal(SECRET)
    assert is_sealed(sealed)
    assert is_reference(sealed)
    assert SECRET not in sealed
    assert unseal(sealed) == SECRET
    assert seal(SECRET) != sealed
    assert unseal(seal("ключ 🔑")) == "ключ 🔑"


def test_nothing_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="no secret"):
        seal("")


def test_the_first_key_encrypts_and_every_key_reads(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [old]
    sealed = seal(SECRET)
    settings.ENCRYPTION_KEYS = [new, old]
    assert unseal(sealed) == SECRET
    again = resealed(sealed)
    settings.ENCRYPTION_KEYS = [new]
    assert unseal(again) == SECRET
    with pytest.raises(SecretUnreadable, match="re-enter the key"):
        unseal(sealed)


@pytest.mark.parametrize("broken", ["sealed:", "sealed:canary", "sealed:" + "A" * 120, "sealed:ключ"])
def test_what_was_never_sealed_is_unreadable(broken: str) -> None:
    with pytest.raises(SecretUnreadable) as unreadable:
        unseal(broken)
    assert "canary" not in str(unreadable.value)
    assert hint(broken) == "cannot be read: re-enter the key"


def test_a_changed_letter_is_noticed() -> None:
    sealed = seal(SECRET)
    with pytest.raises(SecretUnreadable):
        unseal(sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:])


def test_what_may_be_shown(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    assert hint("") == "not set"
    assert hint("env:GATEWAY_KEY") == "env:GATEWAY_KEY (not set)"
    monkeypatch.setenv("GATEWAY_KEY", SECRET)
    assert hint("env:GATEWAY_KEY") == "env:GATEWAY_KEY (set)"
    (tmp_path / "key").write_text(SECRET)
    assert hint(f"file:{tmp_path / 'key'}") == f"file:{tmp_path / 'key'} (set)"
    assert hint(f"file:{tmp_path / 'absent'}") == f"file:{tmp_path / 'absent'} (not set)"
    assert hint(seal(SECRET)) == "set, ends in …f3"
    assert hint(seal("short-canary"[:11])) == "set"
    sealed = seal(SECRET)
    settings.ENCRYPTION_KEYS = [new_key()]
    assert hint(sealed) == "cannot be read: re-enter the key"


@pytest.mark.parametrize("plain", ["sk-ant-1", "", "keep:", "ENV:X", "environment:x"])
def test_a_plain_secret_is_no_reference(plain: str) -> None:
    assert not is_reference(plain)


def test_a_reference_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read(f"file:{file}") == ""
    file.write_text(f"{SECRET}\n")
    assert read(f"file:{file}") == SECRET


class TestALostKey:
    @pytest.fixture
    def row(self, db: None, settings: Settings) -> Provider:
        model = make_model(kind="openai", auth="api_key", wire=Wire.OPENAI_CHAT, slug="gate", api_key=seal(SECRET))
        assert provider_key(model.provider) == SECRET
        check_callable(model)
        settings.ENCRYPTION_KEYS = [new_key()]
        return model.provider

    def test_its_models_are_not_offered(self, row: Provider) -> None:
        assert not has_credentials(row)

    def test_a_send_says_to_enter_it_again(self, row: Provider) -> None:
        with pytest.raises(ConfigInvalid) as refused:
            check_callable(row.models.get())
        assert refused.value.code == "config_invalid"
        assert "re-enter the key" in refused.value.message
        assert "gate" in refused.value.message
        assert "canary" not in refused.value.message + refused.value.detail


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE"])
def test_our_own_variables_are_nobodys_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "canary")
    assert read(f"env:{name}") == ""


def test_our_own_files_are_nobodys_key(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    kept = tmp_path / "var" / "keys" / "encryption_key"
    kept.parent.mkdir(parents=True)
    kept.write_text("canary")
    (tmp_path / "key").write_text("theirs")
    assert read(f"file:{kept}") == ""
    assert read(f"file:{tmp_path}/x/../var/keys/encryption_key") == ""
    assert read(f"file:{tmp_path}/key") == "theirs"
