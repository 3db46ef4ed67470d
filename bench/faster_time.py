"""A time that runs faster for everything on one event loop: whoever sleeps there, waits or gives up does so alike.

Nothing is patched and nobody is told: `asyncio.sleep(60)`, the SDKs' pauses before a retry and our own patience all
last 60 seconds of this time. What is counted by other clocks (a processor's work, a database's time) is not quicker.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class FasterTime:
    """`scale` seconds of it pass in a second."""

    def __init__(self, *, scale: float) -> None:
        self.scale = scale
        self._began, self._began_at = time.monotonic(), time.time()

    def now(self) -> float:
        """Seconds since 1970, in this time: it began when this object was made, and never jumps."""
        return self._began_at + (time.monotonic() - self._began) * self.scale

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """`asyncio.run`, in this time."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self.scale)) as runner:
            return runner.run(main)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, scale: float) -> None:
        self._scale = scale
        super().__init__(_Selector(scale))

    def time(self) -> float:
        return super().time() * self._scale


class _Selector(selectors.DefaultSelector):
    def __init__(self, scale: float) -> None:
        super().__init__()
        self._scale = scale

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / self._scale)
