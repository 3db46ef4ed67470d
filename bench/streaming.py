"""Many readers at once, and the part of it that counts: while all of them are being served."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from bench.process_meter import cpu_seconds

SETTLE = 1.0  # seconds from when all are served until it counts
_START_SECONDS = 60.0


class Window:
    """Opens when every reader has got something. A reader reads until it `is_over`, and says when it is `served`."""

    def __init__(self, *, readers: int) -> None:
        self._missing = readers
        self._all_served = asyncio.Event()
        self._start = self._stop = math.inf  # Unix seconds

    def served(self) -> None:
        """Once for each reader."""
        self._missing -= 1
        if not self._missing:
            self._all_served.set()

    async def open(self, *, seconds: float) -> None:
        async with asyncio.timeout(_START_SECONDS):
            await self._all_served.wait()
        self._start = time.time() + SETTLE
        self._stop = self._start + seconds
        await asyncio.sleep(SETTLE)

    def holds(self, moment: float) -> bool:
        return self._start <= moment < self._stop

    def is_over(self, moment: float) -> bool:
        return moment >= self._stop


@dataclass(kw_only=True)
class Measured:
    """`latencies` in milliseconds; `cpu` is one share of a core (0 to 1 and more) for each round."""

    latencies: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def note(self, *, sent: Iterable[float], received: float) -> None:
        """Moments in Unix seconds."""
        self.latencies += [(received - moment) * 1000 for moment in sent]


Reader = Callable[[Window], Coroutine[None, None, None]]


async def watch(readers: Sequence[Reader], *, pid: int, seconds: float) -> float:
    """Run all readers until the window is over. The share of a core that process `pid` took while it was open."""
    window = Window(readers=len(readers))
    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(reader(window))
        await window.open(seconds=seconds)
        before, began = cpu_seconds(pid), time.monotonic()
        await asyncio.sleep(seconds)
        return (cpu_seconds(pid) - before) / (time.monotonic() - began)
