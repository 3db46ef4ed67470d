from __future__ import annotations

import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tokenproject.env import BadEnvironment, Environment, read
from tokenproject.kept_keys import KeyNotKept, kept_key

KEY = Fernet.generate_key().decode()


def reading(tmp_path: Path, **values: str) -> Environment:
    environ: Mapping[str, str] = values
    return read(environ, base_dir=tmp_path)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    environment = reading(tmp_path)
    assert (environment.host, environment.port, environment.debug) == ("127.0.0.1", 8000, False)
    assert environment.run_turns == "inline"
    assert environment.tool_timeout == 60.0
    assert environment.allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]
    assert environment.var_dir == tmp_path / "var"
    assert len(environment.secret_key) >= 50


def test_generated_keys_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    first, second = reading(tmp_path), reading(tmp_path)
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    keys = sorted((tmp_path / "var" / "keys").iterdir())
    assert [key.name for key in keys] == ["encryption_key", "secret_key"]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_keys_that_are_set_are_not_generated(tmp_path: Path) -> None:
    other = Fernet.generate_key().decode()
    environment = reading(tmp_path, SECRET_KEY="s", ENCRYPTION_KEYS=f"{KEY}, {other}")
    assert (environment.secret_key, environment.encryption_keys) == ("s", [KEY, other])
    assert not (tmp_path / "var" / "keys").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80x"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("TOOL_TIMEOUT", "0"),
        ("TOOL_TIMEOUT", "3601"),
        ("TOOL_TIMEOUT", "nan"),
        ("TOOL_TIMEOUT", "a minute"),
        ("HOST", "http://x"),
        ("DEBUG", "maybe"),
        ("ENCRYPTION_KEYS", "short"),
        ("ALLOWED_ORIGINS", "chat.example.com"),
        ("ALLOWED_ORIGINS", "https://chat.example.com/"),
        ("ALLOWED_ORIGINS", "https://chat.example.com/x,https://b"),
        ("ALLOWED_HOSTS", "https://chat.example.com"),
        ("ALLOWED_HOSTS", "chat.example.com:8000"),
        ("DATABASE_URL", "mysql://x"),
        ("RUN_TURNS", "both"),
        ("RUN_TURNS", "worker"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadEnvironment, match=name):
        reading(tmp_path, **{name: value})


def test_all_faults_are_told_at_once_and_no_secret_with_them(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment) as refused:
        reading(tmp_path, PORT="x", DEBUG="maybe", ENCRYPTION_KEYS="canary", DATABASE_URL="mysql://u:canary@h/d")
    message = str(refused.value)
    assert all(name in message for name in ("PORT", "DEBUG", "ENCRYPTION_KEYS", "DATABASE_URL"))
    assert "canary" not in message


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"DEBUG": "1"}, {"debug": True}),
        ({"DEBUG": ""}, {"debug": False}),
        ({"ALLOWED_HOSTS": "a.example, b.example"}, {"allowed_hosts": ["a.example", "b.example"]}),
        ({"ALLOWED_HOSTS": ".example.com,[::1],*"}, {"allowed_hosts": [".example.com", "[::1]", "*"]}),
        ({"ALLOWED_ORIGINS": "https://a.example:8443"}, {"allowed_origins": ["https://a.example:8443"]}),
    ],
)
def test_good_values_are_taken(tmp_path: Path, values: dict[str, str], expected: dict[str, Any]) -> None:
    environment = reading(tmp_path, **values)
    assert {name: getattr(environment, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({"HOST": "10.0.0.5"}, True),
        ({"HOST": "10.0.0.5", "ALLOWED_HOSTS": "a.example"}, False),
    ],
)
def test_the_address_to_listen_on_is_answered(tmp_path: Path, values: dict[str, str], answered: bool) -> None:
    assert ("10.0.0.5" in reading(tmp_path, **values).allowed_hosts) is answered


def test_a_wildcard_answers_no_more_names_than_before(tmp_path: Path) -> None:
    assert reading(tmp_path, HOST="0.0.0.0").allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]


def test_a_mounted_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    environment = reading(tmp_path, ANTHROPIC_API_KEY_FILE=str(secret), SECRET_KEY_FILE=str(secret))
    assert environment.anthropic_api_key == environment.secret_key == "from a file"


def test_a_mounted_secret_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("absent", "binary"):
        with pytest.raises(BadEnvironment, match="SECRET_KEY_FILE"):
            reading(tmp_path, SECRET_KEY_FILE=str(tmp_path / name))


def test_a_value_and_its_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="both SECRET_KEY and SECRET_KEY_FILE"):
        reading(tmp_path, SECRET_KEY="a", SECRET_KEY_FILE="b")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadEnvironment, match="VAR_DIR"):
        reading(tmp_path, VAR_DIR=str(tmp_path / "file" / "var"))


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    reading(tmp_path)
    (tmp_path / "var" / "keys" / "encryption_key").write_text("damaged")
    with pytest.raises(BadEnvironment, match="Restore it"):
        reading(tmp_path)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    numbers = iter(range(100))
    with ThreadPoolExecutor(8) as pool:
        keys = [
            pool.submit(kept_key, tmp_path / str(n % 4) / "key", make=lambda: f"key {next(numbers)}", check=bool)
            for n in range(32)
        ]
    by_file = [{key.result() for key in keys[n::4]} for n in range(4)]
    assert [len(found) for found in by_file] == [1, 1, 1, 1]


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    with pytest.raises(KeyNotKept):
        kept_key(tmp_path / "key", make=lambda: "new", check=bool)
