"""What many callers want of the same thing, done at once: as much as has come in the meantime, by one thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

W = TypeVar("W")

_AT_ONCE = 50


class Batches(Generic[W]):
    """`serve` does a batch for one key, in a thread of its own; it must not raise. Keys take turns."""

    def __init__(self, *, name: str, serve: Callable[[str, list[W]], None]) -> None:
        self._serve = serve
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._lock = Lock()
        self._waiting: dict[str, list[W]] = {}  # Whose turn is next stands first.
        self._serving = False

    def put(self, key: str, work: W) -> None:
        """From any thread."""
        with self._lock:
            if not self._serving:
                self._thread.submit(self._serve_all)
                self._serving = True
            self._waiting.setdefault(key, []).append(work)

    def close(self, *, leave: Callable[[], None]) -> None:
        """Return when what has come is done, and `leave`, in the thread. Nothing can be put after this."""
        self._thread.submit(leave)
        self._thread.shutdown()

    def _serve_all(self) -> None:
        while (turn := self._next_turn()) is not None:
            self._serve(*turn)

    def _next_turn(self) -> tuple[str, list[W]] | None:
        with self._lock:
            key = next(iter(self._waiting), None)
            if key is None:
                self._serving = False
                return None
            waiting = self._waiting.pop(key)
            if len(waiting) > _AT_ONCE:
                self._waiting[key] = waiting[_AT_ONCE:]
            return key, waiting[:_AT_ONCE]
