"""What the sandbox says of an account, from time to time: refusals, and how much of its limits was used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from bench.faster_time import FasterTime

_EVERY = 2.0  # seconds between looks
_PATIENCE = 60.0  # seconds
_TAKEN = {
    "requests": "admitted",
    "input_tokens": "charged_tokens",
    "tokens": "charged_tokens",
    "output_tokens": "output_tokens",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """`queued`: somebody was held back then."""

    at: float
    queued: bool
    report: dict[str, Any]


class Judge:
    """Looks at pool `pool` of the account that `key` opens. `is_queued` tells whether anybody waits for a limit."""

    def __init__(self, port: int, *, key: str, pool: str, time: FasterTime, is_queued: Callable[[], bool]) -> None:
        self._address = f"http://127.0.0.1:{port}/sandbox/account"
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx2.AsyncClient(trust_env=False, headers=headers, timeout=_PATIENCE)
        self._pool = pool
        self._time = time
        self._is_queued = is_queued
        self._looks: list[Look] = []

    async def watch(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        pools = (await self._http.get(self._address)).json()["pools"]
        report = next(pool for pool in pools if pool["pool"] == self._pool)
        self._looks.append(Look(at=self._time.now(), queued=self._is_queued(), report=report))

    @property
    def last(self) -> dict[str, Any]:
        return self._looks[-1].report

    @property
    def utilisation(self) -> float | None:
        """While somebody was held back: the share of what flowed into the fullest used bucket that was taken, or is
        there to be taken. None if nobody ever was."""
        spans = [
            (one, two) for one, two in zip(self._looks, self._looks[1:], strict=False) if one.queued and two.queued
        ]
        if not spans:
            return None
        return max(_used(spans, dimension) for dimension in self.last["limits"])


def _used(spans: list[tuple[Look, Look]], dimension: str) -> float:
    counter = _TAKEN[dimension]
    flowed = sum((two.at - one.at) * one.report["limits"][dimension] / 60.0 for one, two in spans)
    taken = sum(two.report[counter] - one.report[counter] for one, two in spans)
    kept = sum(two.report["remaining"][dimension] - one.report["remaining"][dimension] for one, two in spans)
    return float((taken + kept) / flowed)
