"""The states of rate pools in PostgreSQL, for any number of processes: a row for each pool, locked while it changes.

A change takes two round trips, and holds the row's lock between them only:

    BEGIN, SELECT … FOR UPDATE      the state, and the database's time, taken once the lock is held
    UPDATE, pg_notify, COMMIT       what came of it, and the leases that others were granted

What callers of one process want meanwhile is done together in the next one (`batches.py`): most of the work is to read
and to write a long queue, however many ask.

Notifications carry leases, not the pool's key: a key would make every waiter of every process lock the row in turn.

A commit does not wait for the disk, so that no pool waits for it. If the *database server* crashes, what was granted in
its last half second may be forgotten; a provider that refuses a call for it corrects us as always.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, close_old_connections, connection, connections, reset_queries

from agents.governor.alarms import Alarms
from agents.governor.batches import Batches
from agents.governor.core import PoolCore
from agents.governor.listener import Listener
from agents.governor.state import PoolState
from agents.governor.store import Pool, R, Transition
from agents.models import RatePoolState

logger = logging.getLogger(__name__)

CHANNEL = "governor_granted"
_PAYLOAD = 7_900
"""Bytes of leases in one notification; PostgreSQL takes fewer than 8,000."""

_HELD_AT_MOST = 5
"""Seconds after which the database takes the lock from a process that stands still, and undoes its change."""

_SOUND = 1.0
"""Seconds for which a connection that has just worked is not tried again before it is used: that is a round trip."""

_TABLE = RatePoolState._meta.db_table
# The time is taken outside of the locking select: inside, it might be taken before the lock is there.
_LOCK = f"""
    SELECT state, extract(epoch FROM clock_timestamp())::float8
    FROM (SELECT state FROM {_TABLE} WHERE key = %s FOR UPDATE) AS locked
"""  # noqa: S608 - the name of our table
_BEGIN = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL synchronous_commit TO off;
    SET LOCAL idle_in_transaction_session_timeout TO {_HELD_AT_MOST * 1000};
    {_LOCK}
"""
_INSERT = f"""
    INSERT INTO {_TABLE} (key, state, updated_at) VALUES (%s, '', clock_timestamp()) ON CONFLICT (key) DO NOTHING;
"""  # noqa: S608 - the name of our table
_UPDATE = f"UPDATE {_TABLE} SET state = %s, updated_at = clock_timestamp() WHERE key = %s;"  # noqa: S608 - as above
_NOTIFY = f"SELECT pg_notify('{CHANNEL}', %s);"


@dataclass(kw_only=True, eq=False)
class _Change:
    pool: Pool
    transition: Transition[Any]
    outcome: Future[Any] = field(default_factory=Future)


class PostgresStore:
    """`clock` gives seconds instead of the database, for tests."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._alarms = Alarms()
        self._listener = Listener(channel=CHANNEL, connect=_own_connection, hear=self._hear)
        self._sound_until = 0.0
        self._batches = Batches[_Change](name="governor", serve=self._serve)

    async def change(self, pool: Pool, transition: Transition[R]) -> R:
        """Where the caller is cancelled, the change never happens or is over before it hears of that: what it does next
        to undo the change, finds it."""
        change = _Change(pool=pool, transition=transition)
        self._batches.put(pool.key, change)
        outcome: asyncio.Future[R] = asyncio.wrap_future(change.outcome)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            if not change.outcome.cancel():
                await asyncio.wait([outcome])
            raise

    async def woken(self, lease: str, *, within: float) -> None:
        with self._listener.wanted():
            await self._alarms.wait(lease, within=within)

    def wake(self, lease: str) -> None:
        self._alarms.ring([lease])

    def peek(self, key: str) -> PoolState | None:
        packed = RatePoolState.objects.filter(key=key).values_list("state", flat=True).first()
        return _unpacked(bytes(packed), key=key) if packed else None

    def close(self) -> None:
        """Let go of both connections. The store changes nothing after this, and who waits is woken by time alone."""
        self._listener.close()
        self._batches.close(leave=connections.close_all)

    def _serve(self, key: str, batch: list[_Change]) -> None:
        changes = [change for change in batch if change.outcome.set_running_or_notify_cancel()]
        try:
            reset_queries()  # With DEBUG Django would remember thousands.
            if time.monotonic() > self._sound_until:
                close_old_connections()
            self._sound_until = 0.0
            self._change_row(key, changes)
            self._sound_until = time.monotonic() + _SOUND
        except BaseException as error:  # Whatever it is: somebody waits.
            for change in changes:
                if not change.outcome.done():
                    change.outcome.set_exception(error)

    def _change_row(self, key: str, changes: list[_Change]) -> None:
        with connection.cursor() as cursor, _undone_on_error(cursor):
            packed, now = _locked(cursor, key)
            done = _apply(changes, packed=packed, now=now if self._clock is None else self._clock())
            if done is None:
                cursor.execute("ROLLBACK")
                return
            notices = list(_notices(done.granted))
            statement = f"{_UPDATE}{_NOTIFY * len(notices)}COMMIT"
            cursor.execute(statement, [_packed(done.state), key, *notices])
        for change, result in done.results.items():
            change.outcome.set_result(result)
        self._alarms.ring(done.granted)

    def _hear(self, notice: str) -> None:
        self._alarms.ring(notice.split("\n"))


@dataclass(kw_only=True)
class _Done:
    state: PoolState
    results: dict[_Change, Any]
    granted: list[str]


def _apply(changes: list[_Change], *, packed: bytes, now: float) -> _Done | None:
    """One after another. Without one that fails, the others begin again on what was there; None if none is left."""
    while changes:
        limits, key = changes[0].pool.limits, changes[0].pool.key
        done = _Done(state=_unpacked(packed, key=key) or PoolState.fresh(limits, now=now), results={}, granted=[])
        failed = next((change for change in changes if not _applied(change, done, now)), None)
        if failed is None:
            return done
        changes = [change for change in changes if change is not failed]
    return None


def _applied(change: _Change, done: _Done, now: float) -> bool:
    core = PoolCore(limits=change.pool.limits, state=done.state)
    try:
        done.results[change] = change.transition(core, now)
    except Exception as error:
        change.outcome.set_exception(error)
        return False
    done.granted += core.granted
    return True


def _locked(cursor: Any, key: str) -> tuple[bytes, float]:
    """The state as it is kept, "" for a new pool, and the time; in a transaction that holds the row."""
    cursor.execute(_BEGIN, [key])
    row = _last_row(cursor)
    if row is None:
        cursor.execute(_INSERT + _LOCK, [key, key])
        row = _last_row(cursor)
    if row is None:
        raise RuntimeError(f"the state of rate pool {key} was deleted just as it was made; the call can be tried again")
    return bytes(row[0]), row[1]


def _last_row(cursor: Any) -> tuple[Any, ...] | None:
    """Of the last of several statements."""
    while cursor.nextset():
        pass
    row: tuple[Any, ...] | None = cursor.fetchone()
    return row


@contextmanager
def _undone_on_error(cursor: Any) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # What broke the connection has undone the rest, too.
            cursor.execute("ROLLBACK")
        raise


def _packed(state: PoolState) -> bytes:
    """A fifth of its size: with 200 waiters that is quicker than to write it as it is, or to let the database do it."""
    return zlib.compress(state.to_json(), 1)


def _unpacked(packed: bytes, *, key: str) -> PoolState | None:
    """None for a new pool. One that another version of this program wrote, and this one cannot read, begins anew."""
    if not packed:
        return None
    try:
        return PoolState.from_json(zlib.decompress(packed))
    except (zlib.error, KeyError, TypeError, ValueError) as error:
        logger.error("rate pool %s: its state cannot be read (%s), so it begins anew with full buckets", key, error)
        return None


def _notices(leases: Iterable[str]) -> Iterator[str]:
    """The leases, a line each, in as few notifications as they fit into."""
    notice = ""
    for lease in leases:
        if notice and len(notice) + 1 + len(lease) > _PAYLOAD:
            yield notice
            notice = lease
        else:
            notice = f"{notice}\n{lease}" if notice else lease
    if notice:
        yield notice


def _own_connection() -> psycopg.Connection[Any]:
    """Beside those of Django, with its settings for the database: TLS and all."""
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    return psycopg.connect(**parameters | {"autocommit": True})
