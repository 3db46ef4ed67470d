"""Datadog's rate limits: so many requests in a fixed period, told in the headers of every answer."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`limit` requests in each `period` (seconds), for each of Datadog's APIs on its own."""

    limit: int
    period: int


GENEROUS = Rate(limit=10_000, period=60)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`headers` are for the answer, whether the request is `allowed` or not."""

    allowed: bool
    headers: Mapping[str, str]


class Quota:
    """Counts requests. `clock` gives Unix seconds; periods begin at multiples of their length."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, tuple[int, int]] = {}

    def judge(self, name: str) -> Verdict:
        """One more request to the API `name`."""
        with self._lock:
            now = self._clock()
            period = int(now // self._rate.period)
            begun, used = self._used.get(name, (period, 0))
            used = used if begun == period else 0
            allowed = used < self._rate.limit
            self._used[name] = (period, used + allowed)
        reset = (period + 1) * self._rate.period - now
        headers = {
            "x-ratelimit-limit": str(self._rate.limit),
            "x-ratelimit-period": str(self._rate.period),
            "x-ratelimit-remaining": str(self._rate.limit - used - allowed),
            "x-ratelimit-reset": str(max(1, math.ceil(reset))),
            "x-ratelimit-name": name,
        }
        return Verdict(allowed=allowed, headers=headers)
