"""The prompt caches of the vendors: what of a prompt was read before, by the same account, and lives still.

A prefix can be read once the reply to the request that wrote it has begun, and every use renews its life.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MINUTES = 60.0
_MOST_PREFIXES = 20_000


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """The beginning of a prompt: a digest of it, its tokens, and the seconds that it lives once it is written."""

    key: bytes
    tokens: int
    life: float


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """What a request would read, longest first, and what it would write, shortest first."""

    readable: tuple[Prefix, ...] = ()
    writable: tuple[Prefix, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CacheUse:
    """Tokens of one request that were read from the cache and written to it; `written_long` of those for an hour."""

    read: int = 0
    written: int = 0
    written_long: int = 0


class PromptCache:
    """`now` is Unix time in seconds. Of more than `most` prefixes, what was not used for longest is forgotten. Lives
    are shorter by `time_scale`."""

    def __init__(self, *, most: int = _MOST_PREFIXES, time_scale: float = 1.0) -> None:
        self._most = most
        self._time_scale = time_scale
        self._ends: OrderedDict[tuple[str, bytes], tuple[float, float]] = OrderedDict()
        """(account, key) to the time at which it ends, and its life."""

    def __len__(self) -> int:
        return len(self._ends)

    def look_up(self, plan: CachePlan, *, account: str, now: float) -> CacheUse:
        """What a request that comes now reads, and what it will write."""
        hit = next((prefix for prefix in plan.readable if self._lives(prefix, account=account, now=now)), None)
        read = hit.tokens if hit else 0
        fresh = [prefix for prefix in plan.writable if prefix.tokens > read]
        long = [prefix.tokens - read for prefix in fresh if prefix.life >= 60 * MINUTES]
        written = fresh[-1].tokens - read if fresh else 0
        return CacheUse(read=read, written=written, written_long=max(long, default=0))

    def begin(self, plan: CachePlan, *, use: CacheUse, account: str, now: float) -> None:
        """The reply to the request has begun: what it read lives on, what it wrote can be read."""
        for prefix in (*plan.readable, *plan.writable):
            if prefix.tokens <= use.read and self._lives(prefix, account=account, now=now):
                _, life = self._ends[account, prefix.key]
                self._keep(prefix, account=account, now=now, life=life)
        for prefix in plan.writable:
            if prefix.tokens > use.read:
                self._keep(prefix, account=account, now=now, life=prefix.life)
        while len(self._ends) > self._most:
            self._ends.popitem(last=False)

    def _lives(self, prefix: Prefix, *, account: str, now: float) -> bool:
        end, _ = self._ends.get((account, prefix.key), (0.0, 0.0))
        return end > now

    def _keep(self, prefix: Prefix, *, account: str, now: float, life: float) -> None:
        self._ends[account, prefix.key] = (now + life / self._time_scale, life)
        self._ends.move_to_end((account, prefix.key))
