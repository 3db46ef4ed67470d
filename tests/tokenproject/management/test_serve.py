from __future__ import annotations

import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from agents.defaults import SHIPPED
from tests.serving import PATIENCE, Served, free_port, refused, serving
from tokenproject.management.commands.serve import address_of


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "var"


@pytest.fixture(scope="module")
def first(var_dir: Path) -> Iterator[Served]:
    with serving(var_dir) as served:
        yield served


def get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def rows(var_dir: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(var_dir / "db.sqlite3") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for name in names}


def test_it_says_its_address_and_how_to_begin(first: Served) -> None:
    assert first.output.endswith(f"Running on {first.address}\n")
    assert first.setup_link is not None
    assert first.setup_link.startswith(f"{first.address}/setup/")
    assert get(first.setup_link)[0] == 200
    assert get(f"{first.address}/api/v1/health") == (200, '{"status":"ok"}')
    assert get(f"{first.address}/setup/guess/")[0] == 404


def test_the_providers_are_there(first: Served, var_dir: Path) -> None:
    assert "Providers added: anthropic, openai, sandbox." in first.output
    assert len(rows(var_dir)["agents_languagemodel"]) == sum(len(shipped.models) for shipped in SHIPPED)


def test_the_vocabularies_are_unpacked(first: Served, var_dir: Path) -> None:
    assert len(list((var_dir / "tokenizers").iterdir())) == 2


def test_a_second_one_on_the_same_folder_is_told_of_the_first(first: Served, var_dir: Path) -> None:
    said = refused(var_dir)
    assert said.count("\n") == 1
    assert f"Already running on this folder (process {first.process.pid}, {first.address})" in said


def test_a_taken_port_is_told(first: Served, tmp_path: Path) -> None:
    port = int(first.address.rpartition(":")[2])
    said = refused(tmp_path / "var", port=port)
    assert said.count("\n") == 1
    assert f"Port {port} is taken" in said


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.stop() == -15
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.execute("UPDATE agents_provider SET enabled = 0 WHERE slug = 'sandbox'")
        database.execute(
            "INSERT INTO accounts_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,"
            " is_active, date_joined) VALUES ('1', '', 1, 'ada', '', '', '', 1, 1, '2026-01-01')"
        )
    before = rows(tmp_path)
    with serving(tmp_path) as served:
        assert served.output == f"Running on {served.address}\n"
        assert get(f"{served.address}/login/")[0] == 200
        assert rows(tmp_path) == before


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_bytes(b"this is no database" * 100)
    said = refused(tmp_path)
    assert said.count("\n") == 1
    assert f"The database {tmp_path / 'db.sqlite3'} cannot be used" in said


def test_a_database_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    said = refused(tmp_path, DATABASE_URL=f"postgres://u:canary@127.0.0.1:{free_port()}/d")
    assert "The database d on 127.0.0.1 cannot be used" in said
    assert "canary" not in said


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "serve.lock").mkdir()  # stands for a read-only folder, which the superuser could write to
    said = refused(tmp_path)
    assert said.count("\n") == 1
    assert f"Cannot write in {tmp_path}" in said


def test_an_address_that_is_not_this_machines_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path, HOST="192.0.2.1")
    assert said.count("\n") == 1
    assert "Cannot listen on HOST=192.0.2.1" in said


def test_nonsense_in_the_environment_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path, DEBUG="maybe")
    assert "DEBUG" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("box.example", "http://box.example:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, address: str) -> None:
    assert address_of(host, 8000) == address
