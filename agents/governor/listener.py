"""Hears PostgreSQL's notifications on one connection of its own, for as long as anybody wants to.

In a thread, because callers come from more than one event loop. What is said while it is not connected is missed, so
nobody may rely on hearing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from psycopg import sql

logger = logging.getLogger(__name__)

_LINGERS = 60.0
"""Seconds that the connection is kept after nobody wants it any more."""

_LOOKS_UP = 0.5
"""Seconds after which it looks whether it is still wanted."""

_PAUSE = 1.0
"""Seconds between two attempts to connect."""

_LOST = "not listening to %s (%s): until this works again, waiting calls look by themselves whether it is their turn"


class Listener:
    """`hear` is given each payload, in the listener's thread."""

    def __init__(
        self, *, channel: str, connect: Callable[[], psycopg.Connection[Any]], hear: Callable[[str], None]
    ) -> None:
        self._channel = channel
        self._connect = connect
        self._hear = hear
        self._lock = Lock()
        self._wanting = 0
        self._wanted_at = 0.0
        self._thread: Thread | None = None
        self._closed = Event()

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """It listens meanwhile, soon after the first who wants it to."""
        with self._lock:
            self._wanting += 1
            running = self._thread is not None and self._thread.is_alive()
            if not running and not self._closed.is_set():
                self._thread = Thread(target=self._run, name=f"listener-{self._channel}", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._wanting -= 1
                self._wanted_at = time.monotonic()

    def close(self) -> None:
        """Return when the connection is closed. It listens no more after this."""
        with self._lock:
            self._closed.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        lost = False
        while True:
            try:
                with self._connect() as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                    if lost:
                        logger.info("listening to %s again", self._channel)
                    lost = False
                    self._listen(connection)
                    return
            except psycopg.Error as error:
                if not lost:
                    logger.warning(_LOST, self._channel, " ".join(str(error).split()))
                lost = True
            self._closed.wait(_PAUSE)
            if not self._goes_on():
                return

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        while self._goes_on():
            for notice in connection.notifies(timeout=_LOOKS_UP):
                self._hear(notice.payload)

    def _goes_on(self) -> bool:
        with self._lock:
            lingers = time.monotonic() - self._wanted_at < _LINGERS
            if not self._closed.is_set() and (self._wanting or lingers):
                return True
            self._thread = None
            return False
