"""A pool for tests, and callers that ask as real ones do."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.governor.core import Claim, Granted, PoolCore, Verdict, Wait
from agents.governor.limits import Dimension, PoolLimits
from agents.governor.state import PoolState

LIMITS = PoolLimits(per_minute={"requests": 50.0, "input": 40_000.0, "output": 8_000.0})


def core(limits: PoolLimits = LIMITS, *, now: float = 0.0) -> PoolCore:
    return PoolCore(limits=limits, state=PoolState.fresh(limits, now=now))


def cost(tokens: float, *, output: float = 100.0) -> dict[Dimension, float]:
    return {"requests": 1.0, "input": tokens, "output": output}


def ask(
    pool: PoolCore, now: float, lease: str, *, user: str = "ann", tokens: float = 1_000.0, continuing: bool = False
) -> Verdict:
    return pool.acquire(now, lease=lease, claim=Claim(user=user, cost=cost(tokens), continuing=continuing))


def granted(verdict: Verdict) -> bool:
    return isinstance(verdict, Granted)


def waiting(verdict: Verdict) -> Wait:
    assert isinstance(verdict, Wait), verdict
    return verdict


@dataclass(kw_only=True)
class Caller:
    lease: str
    user: str
    tokens: float
    since: float
    continuing: bool = False


@dataclass(kw_only=True)
class Crowd:
    """Callers that ask once a second; `served` is who was granted when, after how long."""

    pool: PoolCore
    callers: list[Caller] = field(default_factory=list)
    served: list[tuple[Caller, float]] = field(default_factory=list)

    def tick(self, now: float) -> None:
        for caller in list(self.callers):
            verdict = ask(
                self.pool, now, caller.lease, user=caller.user, tokens=caller.tokens, continuing=caller.continuing
            )
            if granted(verdict):
                self.callers.remove(caller)
                self.served.append((caller, now - caller.since))
                self.pool.done(now, lease=caller.lease, counted=cost(caller.tokens))
