"""One mistake, and nothing of the file is loaded: `refusal` checks that no row has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from agents.configuration.stock import Stock
from tests.agents.configuration.files import GATEWAY, load, refusal

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('pool = "shared"', 'pool = "other"', "line 17: pool is not the name of a pool of this provider"),
        (
            'provider = "gateway"',
            'provider = "g"',
            "line 22: provider is not the slug of a provider, neither in this file nor in the database",
        ),
        (
            'model = "vendor/model:free"',
            'model = "m"',
            "line 23: model is not the id of a model of this provider, neither here nor in the database",
        ),
        (
            "context_window = 128000\n",
            "",
            "line 14: context_window is missing, and the model is not one whose sizes are known here",
        ),
        ('"openai_compatible"', '"sandbox"', "line 14: wire is missing; write anthropic_messages or openai_chat"),
        (
            "max_iterations = 15",
            "max_iterations = 25",
            "line 26: max_iterations must be a whole number from 1 to 20",
        ),
        ("temperature = 0.7", "temperature = nan", "line 25: temperature must be a number from 0.0 to 2.0"),
        ("[[agent_config]]", "[[agent_config]", "line 21: is not TOML"),
        ('kind = "openai_compatible"\n', 'kind = "openai"\nauth = "oauth2"\n', "line 4: auth oauth2 needs a table"),
    ],
)
def test_everything_is_refused_for_one_mistake(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GATEWAY.count(old) >= 1
    assert f"f, {told}" in refusal(tmp_path, GATEWAY.replace(old, new, 1))


def test_what_the_database_refuses_is_refused_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another process had made the provider meanwhile."""
    load(tmp_path, GATEWAY)
    monkeypatch.setattr("agents.configuration.apply.read_stock", Stock)
    told = refusal(tmp_path, GATEWAY)
    assert "the database refused (IntegrityError). Is it migrated? If others change it now, load again" in told


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot read .*: No such file"):
        call_command("load_config", str(tmp_path / "absent.toml"))
    with pytest.raises(CommandError, match=r"cannot read .*: Is a directory"):
        call_command("load_config", str(tmp_path))
