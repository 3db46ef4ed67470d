"""The store of many processes, beside the suite of all stores: the database's time, lost processes and connections."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from agents.governor.bucket import Bucket
from agents.governor.core import LEASE_SECONDS, SILENT_SECONDS, PoolCore
from agents.governor.postgres import PostgresStore
from agents.governor.store import Store, Transition
from agents.governor.stores import store_for_database
from agents.models import RatePoolState
from tests.agents.governor.store_suite import LONG, Clock, Open, StoreSuite, asking, ending, granted, peek, pool, seen
from tests.chat.stage import rows
from tests.services.pool_process import CALLS, QUICK, TOKENS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_postgres, pytest.mark.usefixtures("threads")]

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4


@pytest.fixture
def open_store() -> Iterator[Open]:
    with ExitStack() as stores:

        def open_one(clock: Callable[[], float] | None) -> Store:
            store = PostgresStore(clock=clock)
            stores.callback(store.close)
            return store

        yield open_one


class TestPostgresStore(StoreSuite):
    async def listening(self, store: Store) -> None:
        await one_listener()


async def test_the_database_says_which_store_it_is() -> None:
    assert connection.vendor == "postgresql"
    assert isinstance(store_for_database(), PostgresStore)


async def test_the_time_is_the_databases(open_store: Open) -> None:
    store, one = open_store(None), pool()
    before = await rows(database_time)
    told = await store.change(one, lambda core, now: now)
    assert before <= told <= await rows(database_time)


async def test_the_time_is_taken_when_the_lock_is_there(open_store: Open) -> None:
    """However long a change has waited for another, it is told a later time than that."""
    stores, one, told = [open_store(None), open_store(None)], pool(), list[float]()
    await asyncio.gather(*(stores[n % 2].change(one, lambda core, now: told.append(now)) for n in range(40)))
    assert told == sorted(told)
    assert len(told) == 40


async def test_a_change_that_is_given_up_before_it_begins_never_happens(open_store: Open) -> None:
    store, one = open_store(None), pool()
    began, go_on, ran = threading.Event(), threading.Event(), list[str]()

    def slowly(core: PoolCore, now: float) -> None:
        began.set()
        assert go_on.wait(LONG)

    def running(name: str) -> Transition[None]:
        return lambda core, now: ran.append(name)

    first = asyncio.create_task(store.change(one, slowly))
    assert await asyncio.to_thread(began.wait, LONG)
    given_up, kept = (asyncio.create_task(store.change(one, running(name))) for name in ("given up", "kept"))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    go_on.set()
    await asyncio.gather(first, kept)
    assert ran == ["kept"]


async def test_more_leases_than_a_notification_holds_are_all_woken(open_store: Open) -> None:
    here, there, one = open_store(None), open_store(None), pool()
    leases = [uuid4().hex for _ in range(300)]

    def grant_all(core: PoolCore, now: float) -> None:
        core.granted.extend(leases)

    waiting = [asyncio.create_task(there.woken(lease, within=LONG)) for lease in leases]
    await one_listener()
    await here.change(one, grant_all)
    async with asyncio.timeout(LONG / 2):
        await asyncio.gather(*waiting)


async def test_a_state_of_another_version_begins_anew_and_says_so(
    open_store: Open, caplog: pytest.LogCaptureFixture
) -> None:
    store, one = open_store(None), pool()
    assert await granted(store, one, "a", tokens=39_000)
    await rows(RatePoolState.objects.filter(key=one.key).update, state=b"?")
    assert await granted(store, one, "b", tokens=39_000)
    assert f"rate pool {one.key}: its state cannot be read" in caplog.text


async def test_a_connection_that_was_lost_fails_one_change_at_most(open_store: Open) -> None:
    store, one = open_store(None), pool()
    pid = await store.change(one, lambda core, now: connection.connection.info.backend_pid)
    await rows(terminate, pid)
    with suppress(OperationalError):
        await store.change(one, lambda core, now: None)
    assert await granted(store, one, "a")


class TestListener:
    async def test_it_is_there_while_somebody_waits_and_closed_with_the_store(self) -> None:
        store = PostgresStore()
        await no_listener()
        waiting = asyncio.create_task(store.woken("a", within=LONG))
        await one_listener()
        waiting.cancel()
        await asyncio.to_thread(store.close)
        await no_listener()
        await store.woken("a", within=0.01)

    async def test_it_comes_back_when_its_connection_is_lost(
        self, open_store: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, logger="agents")
        clock = Clock()
        here, there, one = open_store(clock), open_store(clock), pool()
        assert await granted(here, one, "first", tokens=39_000)
        lease = uuid4().hex
        assert not await granted(there, one, lease, tokens=39_000)
        waiting = asyncio.create_task(there.woken(lease, within=LONG))
        lost = await one_listener()
        await rows(terminate, lost)
        assert await one_listener(other_than=lost)
        await here.change(one, ending("first"))
        async with asyncio.timeout(LONG / 2):
            await waiting
        said = [record.getMessage() for record in caplog.records if record.name == "agents.governor.listener"]
        assert len(said) == 2
        assert said[0].startswith("not listening to governor_granted (")
        assert said[1] == "listening to governor_granted again"


class TestLostProcesses:
    async def test_what_it_held_and_what_it_waited_for_comes_back(self, open_store: Open) -> None:
        one = pool()
        with another_process(one.key, "waits") as lost:
            await reached(lost, "waits")
            lost.kill()
        clock = Clock(now=await rows(database_time))
        store = open_store(clock)
        assert not await granted(store, one, "mine", tokens=39_000)
        # What it waited for is granted to it, and given back when it does not pick it up.
        await store.change(one, ending("held", tokens=20_000))
        clock.now += 30.0
        await store.change(one, asking("mine", tokens=39_000))
        state = await seen(store, one)
        assert "waiting" not in {**state.held, **state.waiting}
        clock.now += 60.0
        assert await granted(store, one, "mine", tokens=39_000)

    async def test_a_grant_that_it_can_no_more_pick_up_is_given_back(self, open_store: Open) -> None:
        one = pool()
        with another_process(one.key, "waits") as lost:
            await reached(lost, "waits")
            lost.kill()
        clock = Clock(now=await rows(database_time))
        store = open_store(clock)
        await store.change(one, ending("held"))
        state = await seen(store, one)
        assert state.held["waiting"].sent_at is None
        assert state.buckets["input"].level == pytest.approx(state.buckets["input"].capacity - 30_000)
        clock.now += SILENT_SECONDS + 1
        assert await granted(store, one, "mine", tokens=39_000)

    async def test_a_call_in_flight_is_forgotten_after_its_lease(self, open_store: Open) -> None:
        one = pool()
        with another_process(one.key, "waits") as lost:
            await reached(lost, "waits")
            lost.kill()
        clock = Clock(now=await rows(database_time) + LEASE_SECONDS - 60)
        store = open_store(clock)
        await store.change(one, asking("mine"))
        assert set((await seen(store, one)).held) == {"held", "mine"}
        clock.now += 61
        await store.change(one, asking("mine"))
        assert set((await seen(store, one)).held) == {"mine"}

    async def test_one_that_is_killed_in_the_middle_of_a_change_holds_nobody_up(self, open_store: Open) -> None:
        store, one = open_store(None), pool()
        assert await granted(store, one, "before")
        before = await seen(store, one)
        with another_process(one.key, "locks") as lost:
            await reached(lost, "locks")
            assert await peek(store, one) == before
            asking_on = asyncio.create_task(granted(store, one, "mine"))
            await asyncio.sleep(0)
            lost.kill()
            async with asyncio.timeout(LONG):
                assert await asking_on
        assert set((await seen(store, one)).held) == {"before", "mine"}

    async def test_one_that_stands_still_in_the_middle_of_a_change_loses_the_lock(self, open_store: Open) -> None:
        store, one = open_store(None), pool()
        with another_process(one.key, "locks") as stuck:
            await reached(stuck, "locks")
            async with asyncio.timeout(LONG):
                assert await granted(store, one, "mine")
        assert set((await seen(store, one)).held) == {"mine"}

    async def test_four_processes_never_take_more_than_there_is_and_one_is_killed(self, open_store: Open) -> None:
        one = pool(QUICK)
        with ExitStack() as stack:
            running = [stack.enter_context(another_process(one.key, "calls")) for _ in range(PROCESSES)]
            doomed = running[0]
            first = [await line(doomed) for _ in range(5)]
            doomed.kill()
            said = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in running))
        granted_at = [float(one) for one in [*first, *"".join(out for out, _ in said).split()]]
        assert [process.returncode for process in running] == [-9, 0, 0, 0]
        assert len(granted_at) >= 5 + (PROCESSES - 1) * CALLS
        assert least_level(sorted(granted_at)) >= 0
        state = await seen(open_store(None), one)
        assert len(state.held) <= CALLS


def least_level(granted_at: list[float]) -> float:
    """Of the provider's own bucket, as large as ours was told, had each call reached it at once."""
    theirs = Bucket(level=0.0, rate=QUICK.rate("input"), burst=QUICK.burst("input"))
    size = theirs.rate * theirs.burst
    level, least, before = size, size, granted_at[0]
    for at in granted_at:
        level = min(size, level + theirs.rate * (at - before)) - TOKENS
        least, before = min(least, level), at
    return least


@contextmanager
def another_process(key: str, how: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.pool_process", key, how],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tokenproject.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def database_url() -> str:
    """Of the tests' own database."""
    own = connection.settings_dict
    who = ":".join(quote(str(own[part]), safe="") for part in ("USER", "PASSWORD") if own[part])
    return f"postgres://{who}@{quote(own['HOST'], safe='')}:{own['PORT'] or 5432}/{own['NAME']}"


async def reached(process: subprocess.Popen[str], what: str) -> None:
    assert await line(process) == what


async def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(LONG):
        return (await asyncio.to_thread(process.stdout.readline)).strip()


def database_time() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        now: float = cursor.fetchone()[0]
    return now


def listeners() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'"
        )
        return [pid for (pid,) in cursor.fetchall()]


async def one_listener(*, other_than: int | None = None) -> int:
    async with asyncio.timeout(LONG / 2):
        while True:
            found = await rows(listeners)
            if len(found) == 1 and found != [other_than]:
                return found[0]
            await asyncio.sleep(0.01)


async def no_listener() -> None:
    """The database notices a little later that a connection was closed."""
    async with asyncio.timeout(LONG / 2):
        while await rows(listeners):
            await asyncio.sleep(0.01)


def terminate(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
