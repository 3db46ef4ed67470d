"""The time that a tool may run. It stands still while a person is asked, also by a tool inside another tool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar


class ToolTime:
    """`is_over`: the tool was cut because its seconds had passed."""

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit
        self._standing = 0
        self._left: float | None = None

    @property
    def is_over(self) -> bool:
        return self._limit.expired()

    @contextmanager
    def standing_still(self) -> Generator[None]:
        clock = asyncio.get_running_loop().time
        when = self._limit.when()
        if not self._standing:
            self._left = None if when is None else when - clock()
            self._limit.reschedule(None)
        self._standing += 1
        try:
            yield
        finally:
            self._standing -= 1
            if not self._standing and self._left is not None and not self.is_over:
                self._limit.reschedule(clock() + self._left)


_running: ContextVar[tuple[ToolTime, ...]] = ContextVar("_running", default=())
"""Those of this tool and of the ones that it runs inside of; tasks that a tool starts see them, too."""


@asynccontextmanager
async def tool_time(seconds: float | None) -> AsyncGenerator[ToolTime]:
    """TimeoutError where what is inside takes longer; never, if `seconds` is None."""
    async with asyncio.timeout(seconds) as limit:
        time = ToolTime(limit)
        token = _running.set((*_running.get(), time))
        try:
            yield time
        finally:
            _running.reset(token)


@contextmanager
def nobodys_time() -> Generator[None]:
    """What happens inside is a person's time, and counts for no tool."""
    with ExitStack() as stack:
        for time in _running.get():
            stack.enter_context(time.standing_still())
        yield
