"""A throw-away installation: its own folder, SQLite file and keys, gone when the measurement is over."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_NOT_OURS = ("DATABASE_URL", "REDIS_URL", "RUN_TURNS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "ALLOWED_ORIGINS")
_GIVEN_DATABASE = "BENCH_GIVEN_DATABASE_URL"
_OPEN_FILES = 8_192


def given_database() -> str:
    """The server that DATABASE_URL named when the bench was started, "" if it named none."""
    return os.environ.get(_GIVEN_DATABASE, "")


@contextmanager
def throw_away_installation(*, database_url: str = "") -> Iterator[Path]:
    """Point the environment, this process's Django and every child process at an empty folder; yields it.

    `database_url` is an empty database to use instead of a SQLite file in that folder.
    """
    os.environ.setdefault(_GIVEN_DATABASE, os.environ.get("DATABASE_URL", ""))
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        for name in _NOT_OURS:
            os.environ.pop(name, None)
        os.environ.update(VAR_DIR=folder, DJANGO_SETTINGS_MODULE="tokenproject.settings", HOST="127.0.0.1")
        if database_url:
            os.environ["DATABASE_URL"] = database_url
        os.environ["EGRESS_ALLOW_PRIVATE"] = "127.0.0.1"  # where the stand-in providers listen
        Path(folder, "static").mkdir()
        _allow_many_sockets()
        import django

        django.setup()
        _prepare_database()
        yield Path(folder)


def _allow_many_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _prepare_database() -> None:
    from django.core.management import call_command

    from agents.defaults import ensure_shipped_rows

    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    ensure_shipped_rows()
