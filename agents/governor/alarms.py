"""Wakes whoever waits in this process for a lease: one event for each, on the loop that it waits on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock

_KEPT = 1000
"""Alarms that rang before anybody waited; the oldest are forgotten, and a waiter asks again anyway."""


class Alarms:
    """Set from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self._rang: dict[str, None] = {}

    def ring(self, leases: Iterable[str]) -> None:
        with self._lock:
            for lease in leases:
                waiter = self._waiting.get(lease)
                if waiter is None:
                    self._rang[lease] = None
                    if len(self._rang) > _KEPT:
                        del self._rang[next(iter(self._rang))]
                    continue
                loop, event = waiter
                with suppress(RuntimeError):  # Its loop has just been closed.
                    loop.call_soon_threadsafe(event.set)

    async def wait(self, lease: str, *, within: float) -> None:
        """Until it rings, at most `within` seconds."""
        event = asyncio.Event()
        with self._lock:
            if lease in self._rang:
                del self._rang[lease]
                return
            self._waiting[lease] = (asyncio.get_running_loop(), event)
        try:
            async with asyncio.timeout(within):
                await event.wait()
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._waiting.pop(lease, None)
