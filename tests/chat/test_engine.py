from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from chat import engine
from chat.sole_process import AnotherProcess, SoleProcess

pytestmark = pytest.mark.usefixtures("transactional_db")


def lock_path() -> Path:
    return Path(f"{connection.settings_dict['NAME']}.turns.lock")


def is_free(path: Path) -> bool:
    other = SoleProcess(path)
    try:
        other.acquire()
    except AnotherProcess:
        return False
    other.release()
    return True


@pytest.fixture
def held_elsewhere() -> Iterator[int]:
    """The lock in the hands of process 4711; its file."""
    file = os.open(lock_path(), os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(file, 0)
    os.write(file, b"4711")
    yield file
    os.close(file)


async def test_starts_once_however_many_ask_at_once() -> None:
    started = await asyncio.gather(*(engine.ensure_started() for _ in range(10)))
    assert len(set(map(id, started))) == 1
    assert not is_free(lock_path())
    await engine.stop()
    assert is_free(lock_path())


async def test_stop_without_a_start_does_nothing() -> None:
    await engine.stop()
    await engine.stop()


def test_a_new_loop_gets_a_new_engine_and_the_lock() -> None:
    first = asyncio.run(engine.ensure_started())

    async def again() -> engine.Engine:
        second = await engine.ensure_started()
        await engine.stop()
        return second

    assert asyncio.run(again()) is not first
    assert is_free(lock_path())


def test_an_engine_whose_loop_is_gone_lets_go_of_the_lock_when_it_is_stopped() -> None:
    asyncio.run(engine.ensure_started())
    asyncio.run(engine.stop())
    assert is_free(lock_path())


async def test_a_first_request_that_is_given_up_leaves_a_whole_engine() -> None:
    impatient = asyncio.create_task(engine.ensure_started())
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await engine.ensure_started()).loop is asyncio.get_running_loop()
    await engine.stop()


async def test_a_second_process_is_told_who_was_first(held_elsewhere: int) -> None:
    with pytest.raises(AnotherProcess, match=r"process 4711 runs the turns of this SQLite database"):
        await engine.ensure_started()
    with pytest.raises(AnotherProcess):
        await engine.ensure_started()


async def test_it_starts_when_the_other_process_has_gone(held_elsewhere: int) -> None:
    with pytest.raises(AnotherProcess):
        await engine.ensure_started()
    fcntl.flock(held_elsewhere, fcntl.LOCK_UN)
    await engine.ensure_started()
    await engine.stop()


def test_hints_without_an_engine_are_lost_and_do_no_harm() -> None:
    from uuid import uuid4

    asyncio.run(engine.stop())
    engine.notify([])
    engine.news(user=uuid4(), kind="created", conversation=uuid4())
    engine.stop_turn(uuid4())


def test_hints_to_an_engine_whose_loop_is_closed_do_no_harm() -> None:
    asyncio.run(engine.ensure_started())
    engine.notify([])
    asyncio.run(engine.stop())
