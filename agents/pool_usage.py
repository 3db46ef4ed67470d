"""What a rate pool's models used in the last minute, as the ledger tells it: for people to look at, not to admit by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import ModelCall, RatePool

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Level:
    """`used` of `limit` requests or tokens; `limit` None: there is none."""

    what: str
    used: int
    limit: int | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)


def last_minute(pool: RatePool, *, now: datetime) -> list[Level]:
    """One level for each of the pool's limits, in the order of its fields.

    A call whose usage is not known counts with its estimate; one that runs, with the most that it may still write.
    """
    calls = list(ModelCall.objects.filter(model__pool=pool, created_at__gt=now - WINDOW))
    input_tokens = sum(_input_of(call, count_cached=pool.count_cached_input) for call in calls)
    output_tokens = sum(_output_of(call) for call in calls)
    levels = (
        Level(what="requests", used=len(calls), limit=pool.requests_per_minute),
        Level(what="input tokens", used=input_tokens, limit=pool.input_tokens_per_minute),
        Level(what="output tokens", used=output_tokens, limit=pool.output_tokens_per_minute),
        Level(what="tokens", used=input_tokens + output_tokens, limit=pool.tokens_per_minute),
    )
    return [level for level in levels if level.limit is not None]


def _input_of(call: ModelCall, *, count_cached: bool) -> int:
    if call.input_tokens is None:
        return call.estimated_input_tokens
    return call.input_tokens - (0 if count_cached else call.cache_read_tokens or 0)


def _output_of(call: ModelCall) -> int:
    if call.output_tokens is not None:
        return call.output_tokens
    return call.max_output_tokens if call.status == ModelCall.Status.RUNNING else 0
