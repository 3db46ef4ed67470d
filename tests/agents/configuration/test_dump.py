"""A dump loaded again changes nothing, here; elsewhere it makes the same rows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from accounts.models import AuditEntry, User
from agents.configuration.toml_text import toml_key, toml_value
from agents.defaults import ensure_shipped_rows
from agents.models import AgentConfig, LanguageModel, Provider, SettingRule
from tests.agents.configuration.files import EXAMPLE, GATEWAY, dump, everything, load


def as_told(text: str) -> dict[str, object]:
    return tomllib.loads(text)


@pytest.mark.django_db
class TestDump:
    @pytest.mark.parametrize("text", [GATEWAY, EXAMPLE], ids=["gateway", "example"])
    def test_loaded_again_it_is_a_no_op(self, tmp_path: Path, text: str) -> None:
        ensure_shipped_rows()
        load(tmp_path, text)
        first, before = dump(), everything()
        assert "0 new, 0 changed" in load(tmp_path, first)
        assert everything() == before
        assert dump() == first

    def test_elsewhere_it_makes_the_same(self, tmp_path: Path) -> None:
        ensure_shipped_rows()
        load(tmp_path, GATEWAY)
        first = dump()
        Provider.objects.all().delete()
        SettingRule.objects.all().delete()
        load(tmp_path, first)
        assert dump() == first

    def test_a_stored_secret_is_a_placeholder_that_keeps_it(self, tmp_path: Path) -> None:
        load(tmp_path, EXAMPLE.replace("env:ANTHROPIC_API_KEY", "sk-canary").replace("env:GATEWAY_SECRET", "canary"))
        first, before = dump(), everything()
        assert 'api_key = "keep:"  # stored encrypted' in first
        assert 'client_secret = "keep:"  # stored encrypted' in first
        assert "canary" not in first
        assert "sealed:" not in first
        assert "0 new, 0 changed" in load(tmp_path, first)
        assert everything() == before

    def test_it_says_what_is_not_the_default_of_another_installation(self, tmp_path: Path) -> None:
        """Empty values are said, so that they come over, too."""
        ensure_shipped_rows()
        first = dump()
        Provider.objects.filter(slug="anthropic").update(
            base_url="https://x.example",
            headers={"x-a": "1"},
            api_key="env:OTHER",
            auth="none",
            enabled=False,
            position=3,
        )
        LanguageModel.objects.filter(provider__slug="anthropic").update(enabled=False, name="Other")
        load(tmp_path, first)
        assert dump() == first

    def test_only_the_organisations_settings_are_in_it(self, owner: User) -> None:
        ensure_shipped_rows()
        row = LanguageModel.objects.get(model_id="gpt-4o")
        AgentConfig.objects.create(model=row, user=owner, temperature=1.9)
        AgentConfig.objects.create(model=row, user=None)
        assert "agent_config" not in dump()
        AgentConfig.objects.filter(user=None).update(temperature=0.4, last_messages=0)
        assert as_told(dump())["agent_config"] == [
            {"provider": "openai", "model": "gpt-4o", "temperature": 0.4, "last_messages": 0}
        ]

    def test_whole_ends_of_a_rule_are_whole(self) -> None:
        SettingRule.objects.create(setting="max_output_tokens", minimum=2000, maximum=50_000.0)
        SettingRule.objects.create(setting="temperature", minimum=0, locked=True)
        assert as_told(dump())["setting_rule"] == [
            {"setting": "max_output_tokens", "locked": False, "minimum": 2000, "maximum": 50_000},
            {"setting": "temperature", "locked": True, "minimum": 0.0},
        ]
        assert "minimum = 2000\nmaximum = 50000\n" in dump()

    def test_nothing_to_dump_is_a_file_that_says_nothing(self, tmp_path: Path) -> None:
        assert as_told(dump()) == {}
        assert "0 new, 0 changed, 0 as before." in load(tmp_path, dump())
        assert not AuditEntry.objects.exists()

    def test_a_lost_encryption_key_does_not_stop_a_dump(self, tmp_path: Path, settings: Settings) -> None:
        load(tmp_path, GATEWAY.replace("env:GATEWAY_KEY", "sk-canary"))
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        assert 'api_key = "keep:"' in dump()


@pytest.mark.parametrize(
    "value",
    [
        "",
        'a "quoted" \\ text',
        "line\nbreak\ttab\r",
        "\x00\x01\x1f\x7f",
        "é ключ 🦀",
        True,
        False,
        0,
        -5,
        0.7,
        1e-05,
        2.0,
        {},
    ],
)
def test_a_value_is_read_back_as_it_was_written(value: object) -> None:
    read = tomllib.loads(f"a = {toml_value(value)}\n")["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("key", ["x-team", "with space", "a.b", "", 'q"', "é"])
def test_a_key_is_read_back_as_it_was_written(key: str) -> None:
    assert tomllib.loads(f"{toml_key(key)} = {toml_value({key: 'v'})}\n") == {key: {key: "v"}}


def test_what_a_configuration_never_holds_is_not_written() -> None:
    with pytest.raises(TypeError, match="holds no NoneType"):
        toml_value(None)
