"""What one process runs beside its requests: hub, event log, worker, reaper. One engine per event loop.

The ASGI lifespan starts and stops it; a server without a lifespan (daphne, `runserver`) starts it at the first request.
Code in other threads (REST handlers, pages) speaks to it through `notify`, `news`, `stop_turn`, `shorten_turn` and
`tell_decided`: hints only. The rows are the truth, and a process without an engine loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from agents import registry
from chat import checkpoints
from chat.event_log import EventLog, publish
from chat.hub import Hub
from chat.socket_guard import SocketGuard
from chat.sole_process import SoleProcess
from chat.turn_start import Start
from chat.turns import Claimed
from chat.wire_event import Feed, WireEvent
from chat.worker import Worker

logger = logging.getLogger(__name__)


class Engine:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub()
        self.log = EventLog(self.hub)
        self.worker = Worker(log=self.log, hub=self.hub)
        self.guard = SocketGuard()
        self._sole = _sole_process()
        self._starting: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    async def started(self) -> None:
        """Return when it works; whoever asks first starts it. AnotherProcess if this database's turns run elsewhere."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name="engine-start")
        # Shielded: a first request that is given up must not leave half an engine.
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        if self._sole is not None:
            self._sole.acquire()
            await self.worker.reap_all()
        self._spawn(self.log.run(), "event-log")
        self._spawn(self.worker.run(), "worker")
        self._spawn(self.guard.run(), "socket-guard")
        self._spawn(registry.warm_up(), "warm-up")
        if connection.vendor == "sqlite":
            self._spawn(checkpoints.run(), "checkpoints")

    async def stop(self) -> None:
        """End the turns that run here, with their text, and let go of everything."""
        await self.worker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(registry.close_governor)
        self.abandon()

    def abandon(self) -> None:
        """Let go of what outlives its loop and everything on it: the lock."""
        if self._sole is not None:
            self._sole.release()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        self._tasks.append(task)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.critical("%s stopped working", task.get_name(), exc_info=task.exception())


def _sole_process() -> SoleProcess | None:
    if connection.vendor != "sqlite":
        return None
    name = str(connection.settings_dict["NAME"])
    return SoleProcess(Path(f"{name}.turns.lock"))


class _Process:
    """What this process runs."""

    engine: Engine | None = None


async def ensure_started() -> Engine:
    """The engine of the running loop, started if it has none yet."""
    engine = _Process.engine
    if engine is not None and engine.loop is not asyncio.get_running_loop():
        engine.abandon()
        engine = None
    if engine is None:
        engine = _Process.engine = Engine()
    try:
        await engine.started()
    except Exception:
        # The next request tries again.
        engine.abandon()
        if _Process.engine is engine:
            _Process.engine = None
        raise
    return engine


async def stop() -> None:
    engine, _Process.engine = _Process.engine, None
    if engine is None:
        return
    if engine.loop is asyncio.get_running_loop():
        await engine.stop()
    else:
        engine.abandon()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A free place at this process's worker, held for one turn. `owner` is the name to claim it under."""

    owner: str
    begin: Callable[[Claimed, Start | None], None]


@contextmanager
def held_place() -> Iterator[Place | None]:
    """From any thread: a place while it is needed, or None where no turn can begin at once.

    It belongs to the engine that gave it. That one waits for the end of this before it stops, so a turn that was
    claimed runs, and is ended like the others.
    """
    engine = _Process.engine
    if engine is None or not engine.worker.places.hold():
        yield None
        return
    loop, worker = engine.loop, engine.worker

    def begin(claimed: Claimed, start: Start | None) -> None:
        on_loop(partial(worker.begin, claimed, start=start))

    def on_loop(work: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # It has just been closed.
            loop.call_soon_threadsafe(work)

    try:
        yield Place(owner=worker.owner, begin=begin)
    finally:
        on_loop(worker.places.let_go)


def notify(events: Sequence[WireEvent], *, to_claim: bool = True) -> None:
    """From any thread: `events` are committed, and there may be a turn `to_claim`."""

    def tell(engine: Engine) -> None:
        publish(engine.hub, events)
        if to_claim:
            engine.worker.wake()

    _call(tell)


def news(*, user: UUID, kind: str, conversation: UUID) -> None:
    """From any thread: tell the user's sockets what became of a conversation."""
    _call(lambda engine: engine.hub.publish(str(user), Feed(kind, str(conversation))))


def stop_turn(turn_id: UUID) -> None:
    """From any thread: stop the turn at once, if it runs in this process."""
    _call(lambda engine: engine.worker.stop_turn(turn_id))


def shorten_turn(turn_id: UUID) -> None:
    """From any thread: have less sent in the call that the turn waits for, at once, if it runs in this process."""
    _call(lambda engine: engine.worker.shorten_turn(turn_id))


def tell_decided(approval_id: UUID) -> None:
    """From any thread: a person has decided; the turn that waits for it goes on at once, if it runs in this process."""
    _call(lambda engine: engine.worker.desk.tell([approval_id]))


def _call(work: Callable[[Engine], None]) -> None:
    engine = _Process.engine
    if engine is not None:
        with suppress(RuntimeError):  # Its loop has just been closed.
            engine.loop.call_soon_threadsafe(work, engine)
