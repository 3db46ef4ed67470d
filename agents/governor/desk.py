"""What every call of one governor has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.governor.store import Pool, Store


@dataclass(frozen=True, kw_only=True)
class Desk:
    """`clock` gives Unix seconds, for what people are told; the store has its own time. `jitter` gives 0 to 1.
    `siblings` are the other pools of a pool's account."""

    store: Store
    clock: Callable[[], float]
    jitter: Callable[[], float]
    siblings: Callable[[Pool], list[Pool]]
