"""Everything that a governor knows of one rate pool: plain values, so that any store can keep them.

Without `__slots__`, because orjson writes such dataclasses in less than half the time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from agents.governor.bucket import Bucket
from agents.governor.experience import Experience, Prefix
from agents.governor.limits import Cost, Dimension, PoolLimits


@dataclass(kw_only=True)
class Waiter:
    """A call that waits. `score` is its start by fair queueing, `charge` its cost in seconds of the bottleneck, `beat`
    when it last asked, `cached` what its cost leaves out as cached. `is_running`: it goes on with a turn; any other is
    not sent before it is `due`, for want of that `dimension`. `again`: the provider refused it before."""

    user: str
    score: float
    charge: float
    cost: dict[Dimension, float]
    since: float
    beat: float
    cached: float = 0.0
    is_running: bool = False
    again: bool = False
    due: float = 0.0
    dimension: Dimension | None = None


@dataclass(kw_only=True)
class Held:
    """A call that was granted. `reserved` is what was taken for it, `cost` what it counts as by now. `epoch` is the
    mirror's at the grant: after a correction by the provider's own figures an older refund is void. `sent_at` is None
    until its caller has learnt of the grant. `debited` and `net` are of the pool's sums then: what a header of this
    call has surely seen, and what it can have seen. `cached` is what its cost left out as cached. `arrived`: the
    provider has begun to answer it, so its bucket has taken it. `is_running`: it is not the first call of its turn."""

    user: str
    cost: dict[Dimension, float]
    reserved: dict[Dimension, float]
    charge: float
    epoch: int
    granted_at: float
    until: float
    sent_at: float | None = None
    debited: float = 0.0
    net: float = 0.0
    cached: float = 0.0
    arrived: bool = False
    is_running: bool = False


@dataclass(kw_only=True)
class PoolState:
    """`at` is the newest moment (seconds) that it has seen. `virtual` and `finish` are start-time fair queueing's.
    `configured` holds rate and burst of each dimension as they were configured last, by limits of that `revision`.
    `answered`: the provider has admitted a call, so that what it tells of its limits is known.
    `whole_prompts`: the provider admits calls without a look at its cache, as was found at `whole_since`;
    `cache_misses` is the evidence so far. `cut_from` is what a bucket that was `cut_at` a moment comes back to.
    `closed` says why nothing is granted at all ("" if it is), until `closed_until` (None: until somebody opens it)."""

    at: float
    buckets: dict[Dimension, Bucket]
    virtual: float = 0.0
    finish: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, Waiter] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    epoch: int = 0
    debited: float = 0.0
    net: float = 0.0
    foreign_drift: float = 0.0
    foreign_since: float = 0.0
    cache_misses: int = 0
    whole_prompts: bool = False
    whole_since: float = 0.0
    cut_at: dict[Dimension, float] = field(default_factory=dict)
    cut_from: dict[Dimension, list[float]] = field(default_factory=dict)
    closed: str = ""
    closed_until: float | None = None
    configured: dict[Dimension, list[float]] = field(default_factory=dict)
    revision: float = 0.0
    concurrency: int | None = None
    answered: bool = False
    experience: Experience = field(default_factory=Experience)

    @classmethod
    def fresh(cls, limits: PoolLimits, *, now: float) -> PoolState:
        """Full buckets."""
        state = cls(at=now, buckets={}, foreign_since=now)
        state.configure(limits)
        return state

    def configure(self, limits: PoolLimits) -> None:
        """Take what an admin has changed since; what was learnt stays in force where nothing changed. Calls that began
        under older limits change nothing."""
        if limits.revision < self.revision:
            return
        self.revision, self.concurrency = limits.revision, limits.concurrency
        self.answered = self.answered or limits.is_unlimited
        now = {name: [limits.rate(name), limits.burst(name)] for name in limits.per_minute}
        for name in self.configured.keys() - now.keys():
            self.buckets.pop(name, None)  # Learnt anew from the provider's next answer, if it tells.
            self._forget_cut(name)
        for name, (rate, burst) in now.items():
            if self.configured.get(name) != [rate, burst]:
                self._begin(name, rate=rate, burst=burst)
        self.configured = now

    def _begin(self, name: Dimension, *, rate: float, burst: float) -> None:
        """What is taken already stays taken."""
        old = self.buckets.get(name)
        bucket = Bucket(level=0.0, rate=rate, burst=burst)
        missing = old.capacity - old.level if old is not None else 0.0
        bucket.level = bucket.capacity - missing
        self.buckets[name] = bucket
        self._forget_cut(name)
        if name != "requests":
            self.whole_prompts, self.cache_misses = False, 0

    def _forget_cut(self, name: Dimension) -> None:
        self.cut_at.pop(name, None)
        self.cut_from.pop(name, None)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form; `from_dict` reads it back exactly."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PoolState:
        fields = dict(data)
        fields["buckets"] = {name: Bucket(**bucket) for name, bucket in data["buckets"].items()}
        fields["waiting"] = {lease: Waiter(**waiter) for lease, waiter in data["waiting"].items()}
        fields["held"] = {lease: Held(**held) for lease, held in data["held"].items()}
        known = dict(data["experience"])
        known["prefixes"] = {digest: Prefix(**prefix) for digest, prefix in known["prefixes"].items()}
        fields["experience"] = Experience(**known)
        return cls(**fields)

    def to_json(self) -> bytes:
        """What `to_dict` gives, in a fortieth of the time: stores do this under a lock."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, text: bytes) -> PoolState:
        return cls.from_dict(orjson.loads(text))

    def seconds_of(self, cost: Cost) -> float:
        """The cost in seconds of its bottleneck: what one user's turn takes from the others."""
        return max((cost.get(name, 0.0) / bucket.rate for name, bucket in self.buckets.items()), default=0.0)
