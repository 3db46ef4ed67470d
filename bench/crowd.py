"""Many people at once, and what became of what they asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from agents.llm.messages import Usage
from bench.faster_time import FasterTime
from bench.workload import Lane, Turn

ASKED_AGAIN, ASKED_AGAIN_AFTER = 2, 10.0  # times, seconds

BUSY = "server_busy"
_WRITTEN, _READ = 1.25, 0.1  # times the price of input that is neither written to the prompt cache nor read from it


class TurnFailed(Exception):
    """`code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Answer = Callable[[Turn], Awaitable[float]]
"""Has a turn answered; the seconds that it was held back on purpose. Raises TurnFailed."""


@dataclass(frozen=True, kw_only=True)
class Done:
    turn: Turn
    took: float
    waited: float


@dataclass(kw_only=True)
class Tape:
    """`failed` counts by reason, each try by itself; `usages` are of every call that was answered; an item of `waits`
    is how long a call was first said to wait, and how long it did (seconds)."""

    done: list[Done] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    usages: list[Usage] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)

    @property
    def price(self) -> float:
        """Of all input, in tokens at the price of plain input."""
        return sum(_price(usage) for usage in self.usages)


async def live(lanes: Sequence[Lane], *, answers: Callable[[int], Answer], tape: Tape, time: FasterTime) -> None:
    """Until all is done, which is later than the end of any measurement: whoever measures cancels it. `answers` is
    asked once for each lane, by its number."""
    began = time.now()
    async with asyncio.TaskGroup() as group:
        for number, lane in enumerate(lanes):
            group.create_task(_live(lane, began=began, answer=answers(number), tape=tape, time=time))


async def _live(lane: Lane, *, began: float, answer: Answer, tape: Tape, time: FasterTime) -> None:
    for turn in lane:
        await asyncio.sleep(max(0.0, began + turn.earliest - time.now()))
        for _ in range(1 + ASKED_AGAIN):
            asked = time.now()
            try:
                waited = await answer(turn)
            except TurnFailed as failure:
                tape.failed[failure.code] += 1
                await asyncio.sleep(ASKED_AGAIN_AFTER)
                continue
            tape.done.append(Done(turn=turn, took=time.now() - asked, waited=waited))
            break
        await asyncio.sleep(turn.think)


def _price(usage: Usage) -> float:
    plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    return plain + _WRITTEN * usage.cache_write_tokens + _READ * usage.cache_read_tokens
