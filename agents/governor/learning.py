"""What a provider's answers teach the mirror: its limits, its levels, and how it admits.

`remaining` is rounded and was read when the call was admitted; calls that were sent about then may or may not be in it.
So the mirror is lowered at once where the provider says less, and raised only with slack. Every correction begins a new
epoch: what was reserved before it is refunded no more, because the provider's own figure holds it already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.governor.bucket import Bucket
from agents.governor.core import Claim, PoolCore
from agents.governor.limits import Cost, Dimension
from agents.governor.state import Held

_SLACK_TOKENS = 500.0  # Anthropic rounds `remaining` to the nearest thousand
_SLACK_SHARE = 0.01
_FOREIGN_EVERY = 10.0  # seconds
_FOREIGN_GAIN = 0.3
_FOREIGN_DECAY = 0.98
_FOREIGN_MOST = 0.8  # share of the rate
_SEEN_DECAY = 0.9995
_BLIND_EVERY = 5.0  # seconds: one cut for a burst of refusals
_RECOVERY_EVERY = 60.0  # seconds
_CACHE_MISSES = 2  # refusals of this kind without an admission in between
_CACHE_AGAIN = 3_600.0  # seconds
_LEAST_BURST = 0.05  # seconds


@dataclass(frozen=True, kw_only=True)
class Headers:
    """What an answer says of the provider's buckets: `limits` by the minute, `remaining` when it was admitted."""

    limits: Mapping[Dimension, float] = field(default_factory=dict)
    remaining: Mapping[Dimension, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """A 429. `dimension` None: it did not say which; `retry_after` None: it did not say how long (seconds)."""

    dimension: Dimension | None = None
    retry_after: float | None = None
    headers: Headers | None = None


def first_byte(core: PoolCore, now: float, *, lease: str, counted: Cost, headers: Headers | None) -> None:
    """The provider admitted the call. `counted` is what it has said so far of what it took."""
    core.pass_time(now)
    held = core.state.held.get(lease)
    if held is None:
        return
    core.state.answered = held.arrived = True
    for dimension, actual in counted.items():
        core.settle(held, dimension, actual)
    if headers is not None:
        _meet(core, held, headers)
        _take_limits(core, held, headers)
        _take_levels(core, now, held=held, headers=headers)
    core.dispatch(now)


def throttled(core: PoolCore, now: float, *, lease: str, hit: Throttle) -> None:
    """The provider refused a call that we had granted. It took nothing; it goes to the front, and its bucket is set so
    that it becomes affordable exactly when the provider says: no herd, no second refusal."""
    core.pass_time(now)
    held = core.state.held.pop(lease, None)
    if held is None:
        return
    cost = dict(held.reserved)
    if hit.headers is not None:
        _meet(core, held, hit.headers)
    if not core.state.buckets:
        core.put_in_front(now, lease=lease, claim=Claim(user=held.user, cost=cost))
        return
    dimension = hit.dimension if hit.dimension in core.state.buckets else core.input_dimension
    if dimension not in core.state.buckets:
        dimension = next(iter(core.state.buckets))
    bucket, needed = core.state.buckets[dimension], held.cost.get(dimension, 0.0)
    believed = bucket.level + needed
    core.give_back(held)
    if hit.headers is not None and dimension in hit.headers.limits:
        whole = hit.dimension is not None and held.cached > 0.0
        _learn(core, now, dimension, believed=believed, needed=needed, headers=hit.headers, knew_cached=whole)
    else:
        _learn_blind(core, now, dimension, believed=believed, needed=needed)
    pause = max(0.0, hit.retry_after if hit.retry_after is not None else 1.0)
    bucket.level = min(bucket.level, min(needed, bucket.capacity) - bucket.refill * pause)
    core.put_in_front(now, lease=lease, claim=Claim(user=held.user, cost=cost))


def recover(core: PoolCore, now: float) -> None:
    """What was cut without a word of the provider comes back step by step, one a minute, up to what it was. That an
    admission does not know its cache is believed for an hour."""
    for name, since in list(core.state.cut_at.items()):
        bucket = core.state.buckets[name]
        rate, burst = core.state.cut_from[name]
        steps = int((now - since) // _RECOVERY_EVERY)
        bucket.rate = max(bucket.rate, min(rate, bucket.rate + 0.01 * rate * steps))
        bucket.burst = max(bucket.burst, min(burst, bucket.burst + 0.02 * burst * steps))
        core.state.cut_at[name] = since + steps * _RECOVERY_EVERY
        if bucket.rate >= rate and bucket.burst >= burst:
            del core.state.cut_at[name], core.state.cut_from[name]
    if core.state.whole_prompts and now - core.state.whole_since >= _CACHE_AGAIN:
        core.state.whole_prompts, core.state.cache_misses = False, 0


def _meet(core: PoolCore, held: Held, headers: Headers) -> None:
    """A dimension that nobody has configured: its bucket is as full as the provider says, less what is under way."""
    for name, limit in headers.limits.items():
        together = "tokens" in core.state.buckets
        apart = not core.state.buckets.keys().isdisjoint(("input", "output"))
        contradicts = apart if name == "tokens" else together and name != "requests"
        if name in core.state.buckets or limit <= 0 or contradicts:
            continue
        bucket = Bucket(level=0.0, rate=limit / 60.0, burst=core.limits.burst(name))
        others = sum(one.reserved.get(name, 0.0) for one in core.state.held.values() if one is not held)
        bucket.level = min(bucket.capacity, headers.remaining.get(name, limit)) - others
        core.state.buckets[name] = bucket


def _take_limits(core: PoolCore, held: Held, headers: Headers) -> None:
    core.state.cache_misses = 0
    for name, limit in headers.limits.items():
        bucket = core.state.buckets.get(name)
        if bucket is None or limit <= 0:
            continue
        bucket.rate = limit / 60.0
        if name in headers.remaining:
            took = held.cost.get(name, 0.0)
            bucket.seen = max(bucket.seen * _SEEN_DECAY, headers.remaining[name] + took)
        configured = core.limits.burst(name)
        if bucket.burst < configured and bucket.seen > 1.3 * bucket.capacity:
            bucket.burst = min(configured, 1.25 * bucket.burst)
        bucket.level = min(bucket.level, bucket.capacity)


def _take_levels(core: PoolCore, now: float, *, held: Held, headers: Headers) -> None:
    sent_at = held.granted_at if held.sent_at is None else held.sent_at
    for name, remaining in headers.remaining.items():
        bucket = core.state.buckets.get(name)
        if bucket is None:
            continue
        since = bucket.rate * (now - sent_at)
        if name == core.input_dimension:
            if not core.state.whole_prompts:
                _take_input_level(core, now, held=held, there=min(bucket.capacity, max(0.0, remaining) + since))
        else:
            # Admission time is their upper bound: what was sent since is not in them.
            slack = 1.0 if name == "requests" else _slack(bucket)
            bucket.level = min(bucket.level, max(0.0, remaining) + since + slack)


def _take_input_level(core: PoolCore, now: float, *, held: Held, there: float) -> None:
    """`there`: what the provider had left when it admitted the call, refilled until now."""
    state, bucket = core.state, core.state.buckets[core.input_dimension]
    at_most = there - max(0.0, state.net - held.net)
    at_least = there - max(0.0, state.debited - held.debited, state.net - held.net)
    slack = _slack(bucket)
    if at_most < bucket.level - slack:
        state.foreign_drift += bucket.level - at_most
        bucket.level = at_most
        state.epoch += 1
    elif at_least > bucket.level + 2 * slack:
        # Tokens of calls whose worker died.
        state.foreign_drift -= min(at_least - slack - bucket.level, bucket.foreign * _FOREIGN_EVERY)
        bucket.level = at_least - slack
        state.epoch += 1
    passed = now - state.foreign_since
    if passed >= _FOREIGN_EVERY:
        foreign = (bucket.foreign + _FOREIGN_GAIN * state.foreign_drift / passed) * _FOREIGN_DECAY
        bucket.foreign = min(max(0.0, foreign), _FOREIGN_MOST * bucket.rate)
        state.foreign_drift, state.foreign_since = 0.0, now


def _slack(bucket: Bucket) -> float:
    return _SLACK_TOKENS + _SLACK_SHARE * bucket.rate * 60.0


def _learn(
    core: PoolCore,
    now: float,
    dimension: Dimension,
    *,
    believed: float,
    needed: float,
    headers: Headers,
    knew_cached: bool,
) -> None:
    """One refusal, one lesson: a smaller limit; an admission that does not know the cache; a smaller bucket.
    `knew_cached`: it names the limit, and the call counted on the provider's cache."""
    state, bucket = core.state, core.state.buckets[dimension]
    limit, remaining = headers.limits[dimension] / 60.0, headers.remaining.get(dimension)
    is_input = dimension == core.input_dimension
    if 0 < limit < bucket.rate - 1e-9:
        bucket.rate = limit
    elif is_input and not state.whole_prompts and remaining is not None and remaining - _SLACK_TOKENS > needed:
        # There was room for what we thought it takes. Once, a prefix was not cached after all; again, none ever counts.
        # Where we counted on no cache, it is something else that no bucket shows: it is waited for.
        state.cache_misses += knew_cached
        if state.cache_misses >= _CACHE_MISSES:
            state.whole_prompts, state.whole_since = True, now
            bucket.foreign, bucket.burst = 0.0, core.limits.burst(dimension)
    elif dimension == "requests":
        bucket.burst = max(_LEAST_BURST, 0.7 * bucket.burst)
    elif 0 < 1.5 * bucket.seen < believed and not (is_input and state.whole_prompts):
        size = max(1.1 * bucket.seen, 0.25 * bucket.capacity, 1.0)
        bucket.burst = max(_LEAST_BURST, min(bucket.burst, size / bucket.rate))
    bucket.level = min(bucket.level, bucket.capacity)


def _learn_blind(core: PoolCore, now: float, dimension: Dimension, *, believed: float, needed: float) -> None:
    """Without headers: thought to be calm, so the bucket is smaller; at the limit, so the rate is."""
    bucket = core.state.buckets[dimension]
    if now - core.state.cut_at.get(dimension, -_BLIND_EVERY) < _BLIND_EVERY:
        return
    was_rate, _ = core.state.cut_from.setdefault(dimension, [bucket.rate, bucket.burst])
    if believed > 0.3 * bucket.capacity:
        least = 1.0 if dimension == "requests" else 1.3 * needed
        bucket.burst = min(bucket.burst, max(0.7 * bucket.capacity, least) / bucket.rate)
    else:
        bucket.rate = max(0.1 * was_rate, 0.93 * bucket.rate)
    bucket.level = min(bucket.level, bucket.capacity)
    core.state.cut_at[dimension] = now
