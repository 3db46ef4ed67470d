"""Where the states of rate pools are kept: one seam, so that one process and many run the same governor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from agents.governor.core import PoolCore
from agents.governor.limits import PoolLimits
from agents.governor.state import PoolState

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """`key` is unique in an installation. `limits` are as configured now; what was learnt beside them is in the state.
    `account` names the credential: what strikes an account strikes all its pools. `name` is for people."""

    key: str
    limits: PoolLimits
    account: str = ""
    name: str = ""


Transition = Callable[[PoolCore, float], R]
"""What happens to a pool, told the time (seconds, the store's own clock). Pure and quick: it runs under a lock. It may
run again on the same state where the first try could not be kept."""


class Store(Protocol):
    async def change(self, pool: Pool, transition: Transition[R]) -> R:
        """Run `transition` alone on the state of `pool`, a fresh one if there is none, and keep the outcome. Whoever it
        has granted something to (`PoolCore.granted`) is woken, in whatever process it waits."""

    async def woken(self, lease: str, *, within: float) -> None:
        """Return when `lease` has been granted, at the latest `within` seconds from now. A hint: ask again either way.
        One that came before it was waited for counts, too."""

    def wake(self, lease: str) -> None:
        """Let whoever waits for `lease` in this process ask again at once."""

    def close(self) -> None:
        """Let go of what outlives a loop: connections, threads. Nothing is changed after it."""

    def peek(self, key: str) -> PoolState | None:
        """A copy to look at, from any thread that may block; None where nothing is known."""
