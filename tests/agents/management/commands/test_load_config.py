"""`manage.py load_config` as an admin runs it: a process of its own, beside a server that is running."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from agents.sandbox.app import SandboxApp
from agents.sandbox.journal import Entry, Journal
from tests.agents.sandbox import stage as sandbox_stage
from tests.serving import ROOT, Served, environment, free_port, serving

PATIENCE = 60.0  # seconds
PRIVATE = "127.0.0.1"
TEXT = """\
[[provider]]
slug = "gateway"
kind = "openai_compatible"
base_url = "{url}/v1"
api_key = "{key}"
headers = {{ "x-team" = "{team}" }}

[[provider.model]]
id = "sandbox-gpt"

[[agent_config]]
provider = "gateway"
model = "sandbox-gpt"
max_output_tokens = {tokens}
temperature = {temperature}
"""


def manage(var_dir: Path, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(var_dir, free_port(), EGRESS_ALLOW_PRIVATE=PRIVATE, **values),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True, kw_only=True)
class Person:
    http: httpx2.Client

    def asks(self, text: str) -> None:
        """In a conversation of its own, with the gateway's model; returns after the turn has ended well."""
        talk = self._post("conversations", provider="gateway", model="sandbox-gpt")
        sent = self._post(f"conversations/{talk['id']}/messages", client_message_id=text, text=text)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            turn = self.http.get(f"turns/{sent['turn']}").json()
            if turn["status"] not in ("queued", "waiting", "running"):
                assert turn["status"] == "completed", turn
                return
            time.sleep(0.02)
        raise AssertionError("the turn did not end")

    def _post(self, path: str, **body: str) -> dict[str, Any]:
        response = self.http.post(path, json=body)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, EGRESS_ALLOW_PRIVATE=PRIVATE) as running:
        yield running


@pytest.fixture
def person(served: Served, tmp_path: Path) -> Iterator[Person]:
    password = {"DJANGO_SUPERUSER_PASSWORD": "correct horse battery staple"}
    made = manage(tmp_path, "createsuperuser", "--noinput", "--username=ann", "--email=ann@example.com", **password)
    assert made.returncode == 0, made.stderr
    token = manage(tmp_path, "create_token", "ann").stdout.splitlines()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"{served.address}/api/v1/", headers=headers, trust_env=False) as http:
        yield Person(http=http)


@dataclass(frozen=True, kw_only=True)
class Gateway:
    url: str
    journal: Journal

    def last_asked(self, text: str) -> Entry:
        return [entry for entry in self.journal if text in str(entry.body)][-1]


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Gateway]:
    journal = Journal(keep=100)
    async with sandbox_stage.serving(SandboxApp(journal=journal)) as url:
        yield Gateway(url=url, journal=journal)


def test_a_running_server_takes_a_change_up_with_the_next_turn(
    person: Person, gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"

    def load(**values: object) -> subprocess.CompletedProcess[str]:
        file.write_text(TEXT.format(url=gateway.url, **values))
        return manage(tmp_path, "load_config", str(file))

    first = load(key="sk-canary-one", team="payments", tokens=5000, temperature=0.5)
    assert first.returncode == 0, first.stderr
    person.asks("echo one")
    one = gateway.last_asked("echo one")
    assert (one.headers["x-team"], one.body["max_tokens"], one.body["temperature"]) == ("payments", 5000, 0.5)

    second = load(key="sk-canary-two", team="search", tokens=6000, temperature=1.5)
    assert second.returncode == 0, second.stderr
    person.asks("echo two")
    two = gateway.last_asked("echo two")
    assert (two.headers["x-team"], two.body["max_tokens"], two.body["temperature"]) == ("search", 6000, 1.5)
    assert two.account != one.account

    refused = load(key="sk-canary-three", team="other", tokens=7000, temperature=2.5)
    assert refused.returncode == 1
    assert f"{file}, line 15: temperature must be a number from 0.0 to 2.0" in refused.stderr
    person.asks("echo three")
    three = gateway.last_asked("echo three")
    assert (three.headers["x-team"], three.body["max_tokens"], three.account) == ("search", 6000, two.account)

    dumped = manage(tmp_path, "dump_config")
    assert 'api_key = "keep:"' in dumped.stdout
    said = [run.stdout + run.stderr for run in (first, second, refused, dumped)]
    assert "canary" not in "".join(said)


def test_a_check_needs_no_database_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(TEXT.format(url="http://127.0.0.1:8001", key="k", team="t", tokens=5000, temperature=0.5))
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    assert manage(tmp_path, "load_config", "--check", str(file), **nowhere).returncode == 0
    file.write_text(file.read_text().replace("5000", "999"))
    refused = manage(tmp_path, "load_config", "--check", str(file), **nowhere)
    assert refused.returncode == 1
    assert "line 14: max_output_tokens must be a whole number from 1,000 to 100,000" in refused.stderr
    assert "Traceback" not in refused.stderr
