"""Admission to one rate pool: a pure state machine. No clock, no I/O: every call is told the time.

Calls of running turns go first, in the order in which they came: half-finished turns hold a prefix that expires. New
turns begin when they were promised to (`calendar`), which is fair between users (start-time fair queueing: a user's
turn costs them virtual time), and before cold ones where their prefix is warm. The head waits until its whole cost is
there; nobody overtakes it.

    acquire     may this call be sent? Asked again and again by the same lease until it is granted
    first_byte  the provider has admitted it: what it says of its own buckets
    done        it ended: what the provider counted
    throttled   the provider refused it all the same: obey, learn, put it back in front
    cancel      it will not be sent, or its caller is gone
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agents.governor import calendar
from agents.governor.limits import LAG, Cost, Dimension, PoolLimits
from agents.governor.state import Held, PoolState, Waiter

LEASE_SECONDS = 900.0
"""A granted call that nobody settles is forgotten after so long: its slot is free, its tokens have long refilled."""

SILENT_SECONDS = 6.0
"""A waiter that has not asked for so long is dead; a grant that was not picked up for so long is given back."""

ARRIVES_WITHIN = 5.0
"""Seconds after which a call that was sent has reached its provider, however busy this machine is."""

WARM_PREFIX_BONUS = 20.0
_MARGIN = 0.025
"""Share of a bucket of input that is kept in hand: for what was estimated too low, and because the provider's own
figures correct the mirror only where it is further off than they are rounded (`learning`)."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a call asks for. `cached`: input tokens that its cost leaves out, since the provider will read them from its
    cache. `continuing`: it goes on with a running turn. `warm`: its prefix is still cached.
    `again`: the provider refused it before, so it goes to the front. `shrunk`: it was made smaller since it asked
    last."""

    user: str
    cost: Cost
    cached: float = 0.0
    continuing: bool = False
    warm: bool = False
    again: bool = False
    shrunk: bool = False


@dataclass(frozen=True, kw_only=True)
class Granted:
    cost: Cost


@dataclass(frozen=True, kw_only=True)
class Wait:
    """About `seconds` from now; `position` 0 is next. `used` of `limit`, by the minute, are taken in the `dimension`
    that it waits for (None: for a call in flight to end; then both are 0)."""

    seconds: float
    position: int
    dimension: Dimension | None
    used: float
    limit: float


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The call can never be admitted: it takes more of `dimension` than the bucket holds."""

    dimension: Dimension
    needed: float
    capacity: float


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Nothing is granted for a reason that no waiting of ours cures."""

    reason: str
    until: float | None


Verdict = Granted | Wait | Refused | Closed


class PoolCore:
    """The transitions of a `PoolState`, which it changes in place. `granted` collects the leases that a transition has
    granted to others than its caller, so that a store can wake them."""

    def __init__(self, *, limits: PoolLimits, state: PoolState) -> None:
        self.limits = limits
        self.state = state
        self.granted: list[str] = []
        state.configure(limits)

    def acquire(self, now: float, *, lease: str, claim: Claim) -> Verdict:
        self.pass_time(now)
        if self.state.closed:
            return Closed(reason=self.state.closed, until=self.state.closed_until)
        if lease not in self.state.held:
            refused = self._too_large(claim.cost)
            if refused is not None:
                self._leave(lease)
                return refused
            self._wait(now, lease, claim)
            self.dispatch(now)
        return self._claimed(now, lease) or self._told(lease)

    def cancel(self, now: float, *, lease: str) -> None:
        """Harmless where the lease is not known. What was never sent is given back whole."""
        self.pass_time(now)
        self._leave(lease)
        held = self.state.held.pop(lease, None)
        if held is not None:
            self.give_back(held)
        self.dispatch(now)
        self._forget_when_idle()

    def lower(self, now: float, *, lease: str, dimension: Dimension, needed: float) -> Granted:
        """A call that was granted, and is not sent yet, turns out to need less."""
        self.pass_time(now)
        held = self.state.held[lease]
        self.settle(held, dimension, needed)
        held.reserved[dimension] = needed
        self.dispatch(now)
        return Granted(cost=dict(held.cost))

    def settle(self, held: Held, dimension: Dimension, actual: float) -> None:
        """The reservation becomes what was really taken. A refund is void if the mirror was corrected since the grant:
        the provider's figure holds it already."""
        bucket = self.state.buckets.get(dimension)
        if bucket is None:
            return
        difference = held.cost.get(dimension, 0.0) - actual
        is_input = dimension == self.input_dimension
        if difference < 0 or not is_input or held.epoch == self.state.epoch:
            bucket.add(difference)
        if is_input:
            self.state.net -= difference
        held.cost[dimension] = actual

    def done(self, now: float, *, lease: str, counted: Cost) -> None:
        """The call ended. A dimension that is missing in `counted` stays as it was reserved."""
        self.pass_time(now)
        held = self.state.held.pop(lease, None)
        if held is None:
            return
        for dimension, actual in counted.items():
            self.settle(held, dimension, actual)
        if held.is_running:
            self.state.experience.note_following(held.cost)
        self._correct(held.user, self.state.seconds_of(held.cost) - held.charge)
        self.dispatch(now)
        self._forget_when_idle()

    def give_back(self, held: Held) -> None:
        for dimension in tuple(held.cost):
            self.settle(held, dimension, 0.0)
        self._correct(held.user, -held.charge)

    def put_in_front(self, now: float, *, lease: str, claim: Claim) -> None:
        waiter = self._waiter(now, claim, score=self.state.virtual)
        self._correct(claim.user, waiter.charge)
        waiter.is_running = waiter.again = True
        self.state.waiting[lease] = waiter

    def close(self, now: float, *, reason: str, until: float | None) -> None:
        """Grant nothing until `until` (None: until `open`). Whoever waits is told at the next question."""
        self.pass_time(now)
        self.state.closed, self.state.closed_until = reason, until

    def open(self) -> None:
        self.state.closed, self.state.closed_until = "", None

    @property
    def input_dimension(self) -> Dimension:
        return "tokens" if "tokens" in self.state.buckets else "input"

    def pass_time(self, now: float) -> None:
        """Refill, and forget the dead. Time never runs backwards here, whatever the clocks of the callers say."""
        state = self.state
        passed, state.at = now - state.at, max(state.at, now)
        for name, bucket in state.buckets.items():
            bucket.pass_time(passed)
            # It will still be taken from a bucket that may be full until then.
            bucket.level = min(bucket.level, bucket.capacity - self._on_its_way(name))
        if state.closed_until is not None and state.at >= state.closed_until:
            state.closed, state.closed_until = "", None
        for lease, held in list(state.held.items()):
            if held.sent_at is None and held.granted_at + SILENT_SECONDS < state.at:
                self.give_back(state.held.pop(lease))
            elif held.until < state.at:
                del state.held[lease]
        for lease, waiter in list(state.waiting.items()):
            if waiter.beat + SILENT_SECONDS < state.at:
                self._leave(lease)

    def _on_its_way(self, name: Dimension) -> float:
        """What was granted just now and may not have reached the provider: its answer says when it has."""
        since = self.state.at - ARRIVES_WITHIN
        return sum(
            held.cost.get(name, 0.0)
            for held in self.state.held.values()
            if not held.arrived and (held.granted_at if held.sent_at is None else held.sent_at) > since
        )

    def _too_large(self, cost: Cost) -> Refused | None:
        """Output is not asked: what a reply takes beyond the bucket is a debt that refills. A burst that was learnt may
        be wrong: what only that forbids waits for a full bucket."""
        for name, bucket in self.state.buckets.items():
            needed = cost.get(name, 0.0)
            capacity = max(1.0, bucket.rate * (self.limits.burst(name) - LAG))
            if name != "output" and needed > capacity:
                return Refused(dimension=name, needed=needed, capacity=capacity)
        return None

    def _wait(self, now: float, lease: str, claim: Claim) -> None:
        """The cost is taken anew each time: a prefix may have expired meanwhile, or the call been made smaller."""
        waiter = self.state.waiting.get(lease)
        if waiter is not None:
            waiter.beat, waiter.cost, waiter.cached = now, dict(claim.cost), claim.cached
            if claim.shrunk and not waiter.is_running:
                calendar.hasten(self.state, waiter, kept_in_hand=self._margins)
        elif claim.again:
            self.put_in_front(now, lease=lease, claim=claim)
        else:
            self._enter(now, lease, claim)

    def _enter(self, now: float, lease: str, claim: Claim) -> None:
        start = max(self.state.virtual, self.state.finish.get(claim.user, 0.0))
        is_favoured = claim.warm and not claim.continuing
        waiter = self._waiter(now, claim, score=start - (WARM_PREFIX_BONUS if is_favoured else 0.0))
        self.state.finish[claim.user] = start + waiter.charge
        if not claim.continuing:
            calendar.promise(self.state, waiter, kept_in_hand=self._margins)
        self.state.waiting[lease] = waiter

    def _waiter(self, now: float, claim: Claim, *, score: float) -> Waiter:
        return Waiter(
            user=claim.user,
            score=score,
            charge=self.state.seconds_of(claim.cost),
            cost=dict(claim.cost),
            since=now,
            beat=now,
            cached=claim.cached,
            is_running=claim.continuing,
        )

    def _leave(self, lease: str) -> None:
        waiter = self.state.waiting.pop(lease, None)
        if waiter is not None:
            self._correct(waiter.user, -waiter.charge)

    def _correct(self, user: str, seconds: float) -> None:
        state = self.state
        finish = state.finish.get(user, state.virtual) + seconds
        state.finish[user] = finish
        if finish <= state.virtual and not any(waiter.user == user for waiter in state.waiting.values()):
            del state.finish[user]  # an idle user earns no credit, and costs no memory

    def _forget_when_idle(self) -> None:
        """Nobody is behind anybody: the next busy period begins with equals."""
        state = self.state
        if not state.waiting and not state.held:
            state.virtual = max((state.virtual, *state.finish.values()))
            state.finish.clear()

    def dispatch(self, now: float) -> None:
        """Grant as many heads as the buckets and the slots allow."""
        while self.state.waiting and not self.state.closed:
            lease = min(self.state.waiting, key=self._place)
            waiter = self.state.waiting[lease]
            if calendar.must_wait(self.state, waiter) or self._short_of(waiter.cost) is not None or not self._has_slot:
                return
            self._grant(now, lease, waiter)

    def _place(self, lease: str) -> tuple[int, float, float, str]:
        """In the queue."""
        one = self.state.waiting[lease]
        if one.is_running:
            return (0 if one.again else 1, one.since, 0.0, lease)
        return (2, one.due, one.score, lease)

    @property
    def _has_slot(self) -> bool:
        slots = self.state.concurrency
        if not self.state.buckets and not self.state.answered:
            slots = 1  # Nothing is known of the limits: one call asks for all.
        return slots is None or len(self.state.held) < slots

    def _grant(self, now: float, lease: str, waiter: Waiter) -> None:
        state = self.state
        del state.waiting[lease]
        if not waiter.is_running:
            state.virtual = max(state.virtual, waiter.score)
            if waiter.dimension is not None:
                state.experience.note_promise(waited=now - waiter.since, late=now - waiter.due)
            state.experience.note_turn()
        for name, bucket in state.buckets.items():
            bucket.level -= waiter.cost.get(name, 0.0)
        taken = waiter.cost.get(self.input_dimension, 0.0)
        state.debited += taken
        state.net += taken
        state.held[lease] = Held(
            user=waiter.user,
            cost=dict(waiter.cost),
            reserved=dict(waiter.cost),
            charge=waiter.charge,
            epoch=state.epoch,
            granted_at=now,
            until=now + LEASE_SECONDS,
            cached=waiter.cached,
            is_running=waiter.is_running,
        )
        self.granted.append(lease)

    def _claimed(self, now: float, lease: str) -> Granted | None:
        held = self.state.held.get(lease)
        if held is None:
            return None
        if held.sent_at is None:
            self._send(now, held)
        if lease in self.granted:
            self.granted.remove(lease)
        return Granted(cost=dict(held.cost))

    def _send(self, now: float, held: Held) -> None:
        """Its answer tells of everything that reached the provider before it. Calls that were sent just before, or are
        still to be sent, may reach it later."""
        state = self.state
        maybe_later = sum(
            one.reserved.get(self.input_dimension, 0.0)
            for one in state.held.values()
            if one is not held and (one.sent_at is None or one.sent_at > now - LAG)
        )
        held.sent_at, held.debited, held.net = now, state.debited - maybe_later, state.net

    def _short_of(self, cost: Cost) -> Dimension | None:
        """The dimension that it waits for longest; None if everything is there."""
        seconds, name = max(((seconds, name) for name, seconds in self._waits(cost)), default=(0.0, None))
        return name if seconds > 0.0 else None

    def _waits(self, cost: Cost) -> Iterator[tuple[Dimension, float]]:
        for name, bucket in self.state.buckets.items():
            yield name, bucket.seconds_until(cost.get(name, 0.0) + self._margin(name))

    @property
    def _margins(self) -> Cost:
        return {name: self._margin(name) for name in self.state.buckets}

    def _margin(self, name: Dimension) -> float:
        return _MARGIN * self.state.buckets[name].capacity if name == self.input_dimension else 0.0

    def _told(self, lease: str) -> Wait:
        """Whoever is ahead is served first, so their costs are waited for, too; but what is promised before a moment
        that is still to come is in that moment already."""
        waiters = self.state.waiting
        mine, place = waiters[lease], self._place(lease)
        ahead = [one for name, one in waiters.items() if self._place(name) < place]
        seconds, dimension = 0.0, None
        if calendar.must_wait(self.state, mine):
            seconds, dimension = mine.due - self.state.at, mine.dimension
        before = [one for one in ahead if one.is_running or dimension is None]
        buckets = self.state.buckets
        for name, bucket in buckets.items():
            needed = sum(one.cost.get(name, 0.0) for one in (*before, mine))
            until = max(0.0, (needed + self._margin(name) - bucket.level) / bucket.refill)
            if until > seconds:
                seconds, dimension = until, name
        used, limit = self._level(dimension, is_running=mine.is_running) if dimension else (0.0, 0.0)
        return Wait(seconds=seconds, position=len(ahead), dimension=dimension, used=used, limit=limit)

    def _level(self, name: Dimension, *, is_running: bool) -> tuple[float, float]:
        """Taken, or kept from new turns for those that run; and the limit, by the minute."""
        bucket = self.state.buckets[name]
        kept = 0.0 if is_running else calendar.reserve(self.state, name)
        limit = bucket.rate * 60.0
        return min(limit, max(0.0, limit - bucket.level + kept)), limit
