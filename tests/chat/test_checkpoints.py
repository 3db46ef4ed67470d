"""The database file holds what was written, without the log beside it, a moment later."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from django.db import DatabaseError, connection

from accounts.models import User
from chat import checkpoints
from tests.chat.stage import PATIENCE, rows

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has a log beside its file"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def running(threads: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Task[None]]:
    monkeypatch.setattr(checkpoints, "EVERY", 0.01)
    task = asyncio.create_task(checkpoints.run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def names_in_the_file_alone(folder: Path) -> set[str]:
    copy = folder / "copy.sqlite3"
    copy.write_bytes(Path(str(connection.settings_dict["NAME"])).read_bytes())
    with closing(sqlite3.connect(copy)) as database:
        return {name for (name,) in database.execute("SELECT username FROM accounts_user")}


async def until_in_the_file(name: str, folder: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(sqlite3.DatabaseError):  # Copied in the middle of a write.
                if name in await rows(names_in_the_file_alone, folder):
                    return
            await asyncio.sleep(0.02)


async def test_what_was_written_moves_into_the_file(running: asyncio.Task[None], tmp_path: Path) -> None:
    await rows(User.objects.create, username="moved")
    await until_in_the_file("moved", tmp_path)


async def test_a_fault_is_not_the_end(
    running: asyncio.Task[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults = iter([DatabaseError("disk I/O error")])
    checkpoint = checkpoints._checkpoint

    async def broken_at_first() -> None:
        for fault in faults:
            raise fault
        await checkpoint()

    monkeypatch.setattr(checkpoints, "_checkpoint", broken_at_first)
    async with asyncio.timeout(PATIENCE):
        while "could not checkpoint" not in caplog.text:
            await asyncio.sleep(0.01)
    await rows(User.objects.create, username="later")
    await until_in_the_file("later", tmp_path)
