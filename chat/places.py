"""The free places of one worker, as seen from any thread: who queues a turn may claim it at once if there is one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


class Places:
    """`taken` says how many turns run. Held places count as taken; `close` and `let_go` belong to the worker's loop."""

    def __init__(self, *, capacity: int, taken: Callable[[], int]) -> None:
        self._capacity = capacity
        self._taken = taken
        self._lock = threading.Lock()
        self._held = 0
        self._closed = False
        self._settled = asyncio.Event()
        self.others_wait = True
        """More turns were queued than there were places, or nobody has looked yet: then they come first."""

    def free(self) -> int:
        return 0 if self._closed else max(0, self._capacity - self._taken() - self._held)

    def hold(self) -> bool:
        """From any thread: keep a place for a turn that is about to be claimed. Each one is to be let go."""
        with self._lock:
            if self.others_wait or not self.free():
                return False
            self._held += 1
            return True

    def let_go(self) -> None:
        """On the loop, after the turn has begun to run, if there was one."""
        with self._lock:
            self._held -= 1
            if self._closed and not self._held:
                self._settled.set()

    async def close(self) -> None:
        """Hold no more, and wait for those that are held."""
        with self._lock:
            self._closed = True
            if not self._held:
                self._settled.set()
        await self._settled.wait()
