"""The states of rate pools in PostgreSQL, for any number of processes: a row for each pool, locked while it changes.

A change takes two round trips, and holds the row's lock between them only:

    BEGIN, SELECT … FOR UPDATE      the state, and the database's time, taken once the lock is held
    UPDATE, pg_notify, COMMIT       what came of it, and the leases that others were granted

Notifications carry leases, not the pool's key: a key would make every waiter of every process lock the row in turn.

A commit does not wait for the disk, so that no pool waits for it. If the *database server* crashes, what was granted in
its last half second may be forgotten; a provider that refuses a call for it corrects us as always.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections

from agents.governor.alarms import Alarms
from agents.governor.core import PoolCore
from agents.governor.listener import Listener
from agents.governor.state import PoolState
from agents.governor.store import Pool, R, Transition
from agents.models import RatePoolState
from agents.threads import in_thread

logger = logging.getLogger(__name__)

CHANNEL = "governor_granted"
_PAYLOAD = 7_900
"""Bytes of leases in one notification; PostgreSQL takes fewer than 8,000."""

_TABLE = RatePoolState._meta.db_table
# The time is taken outside of the locking select: inside, it might be taken before the lock is there.
_LOCK = f"""
    SELECT state, extract(epoch FROM clock_timestamp())::float8
    FROM (SELECT state FROM {_TABLE} WHERE key = %s FOR UPDATE) AS locked
"""  # noqa: S608 - the name of our table
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO off; {_LOCK}"
_INSERT = f"""
    INSERT INTO {_TABLE} (key, state, updated_at) VALUES (%s, '', clock_timestamp()) ON CONFLICT (key) DO NOTHING;
"""  # noqa: S608 - the name of our table
_UPDATE = f"UPDATE {_TABLE} SET state = %s, updated_at = clock_timestamp() WHERE key = %s;"  # noqa: S608 - as above
_NOTIFY = f"SELECT pg_notify('{CHANNEL}', %s);"


class PostgresStore:
    """`clock` gives seconds instead of the database, for tests."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._alarms = Alarms()
        self._listener = Listener(channel=CHANNEL, connect=_own_connection, hear=self._hear)

    async def change(self, pool: Pool, transition: Transition[R]) -> R:
        """Where the caller is cancelled meanwhile, the change is over before it hears of that: what it does next to
        undo the change, finds it."""
        work = asyncio.ensure_future(in_thread(lambda: self._change(pool, transition))())
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    async def woken(self, lease: str, *, within: float) -> None:
        with self._listener.wanted():
            await self._alarms.wait(lease, within=within)

    def peek(self, key: str) -> PoolState | None:
        packed = RatePoolState.objects.filter(key=key).values_list("state", flat=True).first()
        return _unpacked(packed, key=key) if packed else None

    def close(self) -> None:
        """Hear nothing any more; whoever waits is woken by time alone."""
        self._listener.close()

    def _change(self, pool: Pool, transition: Transition[R]) -> R:
        with connection.cursor() as cursor, _undone_on_error(cursor):
            packed, now = _locked(cursor, pool.key)
            if self._clock is not None:
                now = self._clock()
            state = _unpacked(packed, key=pool.key) or PoolState.fresh(pool.limits, now=now)
            core = PoolCore(limits=pool.limits, state=state)
            result = transition(core, now)
            notices = list(_notices(core.granted))
            statement = f"{_UPDATE}{_NOTIFY * len(notices)}COMMIT"
            cursor.execute(statement, [_packed(core.state), pool.key, *notices])
        self._alarms.ring(core.granted)
        return result

    def _hear(self, notice: str) -> None:
        self._alarms.ring(notice.split("\n"))


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
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()  # type: ignore[no-untyped-call]
    return psycopg.connect(**parameters | {"autocommit": True})
