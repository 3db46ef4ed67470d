"""When new turns begin: each is promised a moment, and it holds.

A turn makes several calls. Its later ones should not wait: their prefix is cached, and somebody watches. So a new turn
begins when its first call fits *beside what the turns before it will still take*, as earlier turns have taught. That is
known when it comes, so that it can be told; and what nobody can know (a turn ends, another makes ten calls more) is
taken from that reserve, not from the others' time.

Who comes later fits into a gap, or behind. It goes before those only who, by start-time fair queueing, would begin
well after it has ended: they have had their share, or have other turns before it. These are told anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.governor.limits import Cost, Dimension
from agents.governor.state import PoolState, Waiter

FULL = 0.8
"""Share of a bucket from which on nobody is held back for a reserve: what flows in would soon be lost."""

LEAD = 10.0
"""Seconds of the bottleneck. Who has had more than a newcomer, but not by more than this, keeps its moment."""

_ROUNDED = 1e-6


def promise(state: PoolState, newcomer: Waiter, *, kept_in_hand: Cost) -> None:
    """Sets when `newcomer` may begin. It does not wait yet; `kept_in_hand` is left in each bucket."""
    booked = sorted(_booked(state), key=lambda one: one.due)
    ends = newcomer.score + newcomer.charge + LEAD
    _find(state, newcomer, before=[one for one in booked if one.score < ends], kept_in_hand=kept_in_hand)
    behind = [one for one in booked if one.score >= ends]
    for one in behind:
        one.due = max(one.due, newcomer.due) + _seconds(state, newcomer.cost)


def hasten(state: PoolState, waiter: Waiter, *, kept_in_hand: Cost) -> None:
    """`waiter` costs less than when it was promised its moment: earlier, if there is a gap."""
    due, dimension = waiter.due, waiter.dimension
    others = sorted((one for one in _booked(state) if one is not waiter), key=lambda one: one.due)
    _find(state, waiter, before=others, kept_in_hand=kept_in_hand)
    if waiter.due >= due:
        waiter.due, waiter.dimension = due, dimension


def must_wait(state: PoolState, waiter: Waiter) -> bool:
    """Whether its moment is still to come. It comes at once where nobody runs or is before it: for whom would it be
    held back?"""
    if waiter.is_running or waiter.due <= state.at or _is_alone(state, waiter):
        return False
    bucket = None if waiter.dimension is None else state.buckets.get(waiter.dimension)
    return bucket is not None and bucket.level < FULL * bucket.capacity


def reserve(state: PoolState, name: Dimension) -> float:
    """What turns that run are expected to take with calls that they have not asked for yet: a full bucket at the most,
    since meanwhile more flows in."""
    turns = len(state.held) + sum(one.is_running for one in state.waiting.values())
    return min(state.buckets[name].capacity, turns * state.experience.follow_up(name))


def _is_alone(state: PoolState, waiter: Waiter) -> bool:
    before = (one for one in state.waiting.values() if one.is_running or one.due < waiter.due)
    return not state.held and not any(one is not waiter for one in before)


def _booked(state: PoolState) -> Iterable[Waiter]:
    return (one for one in state.waiting.values() if not one.is_running)


def _find(state: PoolState, newcomer: Waiter, *, before: Sequence[Waiter], kept_in_hand: Cost) -> None:
    newcomer.due, newcomer.dimension = state.at, None
    running = [one for one in state.waiting.values() if one.is_running]
    for name, bucket in state.buckets.items():
        taken = sum(one.cost.get(name, 0.0) for one in running) + reserve(state, name) + kept_in_hand.get(name, 0.0)
        due = state.at + _first_gap(state, name, cost=newcomer.cost, before=before, free=bucket.level - taken)
        if due > newcomer.due:
            newcomer.due, newcomer.dimension = due, name


def _first_gap(state: PoolState, name: Dimension, *, cost: Cost, before: Sequence[Waiter], free: float) -> float:
    """Seconds until there is room for `cost` so that each `before` still has its own at its moment."""
    refill, follows, own = state.buckets[name].refill, state.experience.follow_up(name), cost.get(name, 0.0)
    seconds = max(0.0, (own - free) / refill)
    for one in before:
        in_ = max(0.0, one.due - state.at)
        left = free + refill * in_ - one.cost.get(name, 0.0)
        free -= one.cost.get(name, 0.0) + follows
        if left < own + follows - _ROUNDED:
            seconds = max(in_, (own - free) / refill)
    return seconds


def _seconds(state: PoolState, cost: Cost) -> float:
    """Of the bottleneck, that a turn takes."""
    return max(
        ((cost.get(n, 0.0) + state.experience.follow_up(n)) / bucket.refill for n, bucket in state.buckets.items()),
        default=0.0,
    )
