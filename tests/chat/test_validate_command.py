"""`manage.py validate` as an admin runs it: in a process of its own, against sandboxes with limits over HTTP."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.oauth2 import TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.file import load_limits
from agents.sandbox.server import SandboxServer
from tests.serving import ROOT, environment

DOCS = ROOT / "docs" / "validation"
QUICK = 20
"""How many times more than a small account's limits: nobody waits for a minute to pass."""


def scaled(toml: str) -> str:
    """Every limit by the minute, times `QUICK`."""
    limit = re.compile(r"^(requests|input_tokens|output_tokens|tokens)(_per_minute)? = ([\d_]+)$", re.MULTILINE)
    return limit.sub(lambda one: f"{one[1]}{one[2] or ''} = {int(one[3]) * QUICK}", toml)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two sandboxes with the limits of docs/validation/limits.toml, times `QUICK`; the second wants an OAuth2 token."""
    quick = tmp_path_factory.mktemp("sandbox") / "limits.toml"
    quick.write_text(scaled((DOCS / "limits.toml").read_text()))
    servers = []
    for office in (None, TokenOffice(client_id="tokenproject", client_secret="validation")):
        limits = EnforcedLimits(load_limits(quick).pools)
        app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0), limits=limits), oauth2=office)
        server = SandboxServer(app, host="127.0.0.1", port=0)
        Thread(target=server.run, daemon=True).start()
        servers.append(server)
    while not all(server.started for server in servers):
        pass
    yield f"127.0.0.1:{servers[0].port}", f"127.0.0.1:{servers[1].port}"
    for server in servers:
        server.should_exit = True


class Installation:
    """A fresh one, with the providers of docs/validation/providers.toml."""

    def __init__(self, var_dir: Path, addresses: tuple[str, str]) -> None:
        self.env = environment(var_dir, 8000, EGRESS_ALLOW_PRIVATE="127.0.0.1")
        text = (DOCS / "providers.toml").read_text()
        for written, real in zip(("127.0.0.1:8100", "127.0.0.1:8101"), addresses, strict=True):
            text = text.replace(written, real)
        (var_dir / "providers.toml").write_text(scaled(text))
        self.manage("migrate")
        self.manage("load_config", str(var_dir / "providers.toml"))

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, addresses: tuple[str, str]) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"), addresses)


def test_ten_messages_at_once_meet_no_limit_on_any_kind_of_provider(installation: Installation) -> None:
    for provider, model, limit in (
        ("claude-small", "claude-sonnet-4-6", "8,192"),
        ("gpt-small", "gpt-4o", "16,384"),
        ("gateway-small", "gpt-4.1", "4,096"),
    ):
        done = installation.manage("validate", "--provider", provider, "--model", model, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"10 messages in quick succession, token limit {limit}." in done.stdout
        rows = [line for line in done.stdout.splitlines() if line.endswith("| 0 | completed |")]
        assert len(rows) == 10, done.stdout
        assert "429s that the provider gave: **0**" in done.stdout
        assert "(the token limiter pruned)" in done.stdout
        assert "Your verdict" in done.stdout


def test_nothing_is_sent_that_nobody_agreed_to(installation: Installation) -> None:
    asked = ("validate", "--provider", "claude-small", "--model", "claude-sonnet-4-6")
    refused = installation.manage(*asked)
    assert refused.returncode == 1
    assert "Nothing was sent; say --yes" in refused.stderr
    unknown = installation.manage("validate", "--provider", "claude-small", "--model", "nobody", "--yes")
    assert "There is no model 'nobody'" in unknown.stderr
    too_many = installation.manage(*asked, "--messages", "21")
    assert "--messages must be from 4 to 20" in too_many.stderr
    nobody = installation.manage(*asked, "--yes", "--user", "nobody")
    assert "There is no user 'nobody'" in nobody.stderr


def test_a_model_that_fails_is_told_and_ends_with_an_error(
    installation: Installation, addresses: tuple[str, str]
) -> None:
    report = Path(installation.env["VAR_DIR"]) / "report.md"
    wrong = report.with_name("wrong.toml")
    wrong.write_text(
        '[[provider]]\nslug = "claude-small"\nkind = "anthropic"\napi_key = "validation"\n'
        f'base_url = "http://{addresses[1]}"\n'
    )
    installation.manage("load_config", str(wrong))
    words = ("--yes", "--messages", "4", "--output", str(report))
    done = installation.manage("validate", "--provider", "claude-small", "--model", "claude-sonnet-4-6", *words)
    assert done.returncode == 1
    assert "turns that did not complete: **4** of 4" in done.stdout
    assert "failed: provider_auth" in report.read_text()
