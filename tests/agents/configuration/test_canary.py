"""A secret that went in through a file comes out nowhere: no output, no log, no error, no row shows it."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError
from pytest_django import Settings

from agents.configuration.reading import checked, parse
from agents.models import Provider
from agents.secrets import hint
from tests.agents.configuration.files import dump, everything, load

CANARY = "canary-7f3a9c2e5d"
FILE = f"""\
[[provider]]
slug = "gateway"
kind = "openai_compatible"
base_url = "https://gateway.example.com/v1"
api_key = "sk-{CANARY}"
[provider.oauth2]
token_url = "https://idp.example.com/token"
client_id = "tokenproject"
client_secret = "{CANARY}"
[[provider.model]]
id = "m"
context_window = 8000
max_output_tokens = 1000
"""


@pytest.mark.django_db
class TestCanary:
    @pytest.fixture
    def heard(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
        """Everything that was printed and logged while the file went in, changed and came out."""
        caplog.set_level(logging.DEBUG)
        said = [load(tmp_path, FILE, "--check"), load(tmp_path, FILE, "--dry-run"), load(tmp_path, FILE)]
        said += [load(tmp_path, FILE.replace(CANARY, f"{CANARY}-2")), load(tmp_path, FILE), dump()]
        return [*said, caplog.text]

    def test_no_output_and_no_log_holds_it(self, heard: list[str]) -> None:
        assert "sealed:" not in "".join(heard)
        assert CANARY not in "".join(heard)
        assert 'client_secret: "set" -> "set anew"' in heard[3]

    def test_no_row_holds_it(self, heard: list[str]) -> None:
        assert heard
        assert CANARY not in str(everything())
        assert CANARY not in hint(Provider.objects.get().api_key)

    @pytest.mark.parametrize(
        "text",
        [
            FILE.replace(f'"{CANARY}"', CANARY),
            FILE.replace(f'"{CANARY}"', f'"{CANARY}'),
            FILE.replace(f'"{CANARY}"', f'"""{CANARY}'),
            FILE.replace(f'"{CANARY}"', f'["{CANARY}"]'),
            FILE.replace(f'"{CANARY}"', f'"{CANARY} {CANARY}"'),
            FILE.replace(f'"{CANARY}"', f'"env:{CANARY}"'),
            FILE.replace(f'"{CANARY}"', f'"keep:{CANARY}"'),
            FILE.replace("https://gate", f"https://{CANARY}@gate"),
            FILE.replace("/v1", f"/v1?key={CANARY}"),
            FILE.replace("[provider.oauth2]", f'headers = {{ authorization = "{CANARY}" }}\n[provider.oauth2]'),
            FILE.replace('slug = "gateway"', f'slug = "gateway {CANARY}"'),
            FILE.replace("8000", f'"{CANARY}"'),
            FILE + f'[[agent_config]]\nprovider = "gateway"\nmodel = "{CANARY}"\n',
            FILE.replace('client_id = "tokenproject"', 'client_id = ""'),
        ],
    )
    def test_no_refusal_holds_it(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(CommandError) as refused:
            load(tmp_path, text)
        assert CANARY not in "".join(traceback.format_exception(refused.value))

    def test_a_lost_encryption_key_shows_nothing(self, tmp_path: Path, settings: Settings) -> None:
        load(tmp_path, FILE)
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        assert CANARY not in dump() + load(tmp_path, FILE) + hint(Provider.objects.get().api_key)


def test_what_is_read_does_not_show_itself() -> None:
    document = parse(FILE.encode())
    assert CANARY not in repr(document)
    assert CANARY not in repr(checked(document))
