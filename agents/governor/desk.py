"""What every call of one governor has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.governor.refusals import pause_before
from agents.governor.store import Pool, Store


@dataclass(frozen=True, kw_only=True)
class Desk:
    """`clock` gives Unix seconds, for what people are told; the store has its own time. `jitter` gives 0 to 1.
    `siblings` are the other pools of a pool's account. `haste` divides the pauses that no provider asks for."""

    store: Store
    clock: Callable[[], float]
    jitter: Callable[[], float]
    siblings: Callable[[Pool], list[Pool]]
    haste: float = 1.0

    def pause(self, tries: int) -> float:
        """Seconds before try `tries` + 1, where nobody says how long."""
        return pause_before(tries, jitter=self.jitter()) / self.haste
