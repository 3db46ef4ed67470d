"""What a rate pool's models used in the last minute, as the ledger tells it: for people to look at, not to admit by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from agents.governor.limits import Dimension
from agents.models import ModelCall, RatePool

WINDOW = timedelta(minutes=1)


def used_in_last_minute(pool: RatePool, *, now: datetime) -> Mapping[Dimension, int]:
    """Requests and tokens, whether the pool limits them or not.

    A call whose usage is not known counts with its estimate; one that runs, with the most that it may still write.
    """
    calls = list(ModelCall.objects.filter(model__pool=pool, created_at__gt=now - WINDOW))
    input_tokens = sum(_input_of(call, count_cached=pool.count_cached_input) for call in calls)
    output_tokens = sum(_output_of(call) for call in calls)
    return {
        "requests": len(calls),
        "input": input_tokens,
        "output": output_tokens,
        "tokens": input_tokens + output_tokens,
    }


def _input_of(call: ModelCall, *, count_cached: bool) -> int:
    if call.input_tokens is None:
        return call.estimated_input_tokens
    return call.input_tokens - (0 if count_cached else call.cache_read_tokens or 0)


def _output_of(call: ModelCall) -> int:
    if call.output_tokens is not None:
        return call.output_tokens
    return call.max_output_tokens if call.status == ModelCall.Status.RUNNING else 0
