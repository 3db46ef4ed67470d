"""Times plain functions, turn and turn about, so that a busy moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from bench.summary import median


def medians(
    works: Mapping[str, Callable[[], object]], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Milliseconds that each of `works` takes; each ran once before, unmeasured. With `time.thread_time` as the clock:
    what it takes of a processor, however busy that is with others."""
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = clock()
            work()
            taken[name].append((clock() - began) * 1000)
    return {name: median(values) for name, values in taken.items()}
