"""How many iterations a turn may still take: its own, and those of the runs inside it, draw on one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WhyLast = Literal["", "iteration_limit", "no_progress"]


@dataclass
class _Taken:
    """Shared by a budget and what was lent of it."""

    n: int = 0


class Budget:
    """`take()` before each iteration. `why_last` says why the one that was taken is the last, "" while it is not. Set
    `is_fruitless` where there is no progress: then the next iteration is the last."""

    def __init__(self, most: int, *, taken: _Taken | None = None) -> None:
        self.most = most
        self.why_last: WhyLast = ""
        self._taken = taken or _Taken()
        self.is_fruitless = False

    @property
    def left(self) -> int:
        return max(0, self.most - self._taken.n)

    def take(self) -> int:
        """The number of the next iteration, from 1, counted over the whole turn."""
        self._taken.n += 1
        if not self.left:
            self.why_last = "iteration_limit"
        elif self.is_fruitless:
            self.why_last = "no_progress"
        return self._taken.n

    def lend(self, *, keep: int) -> Budget:
        """For a run inside of this one: what it takes is taken here, too, but for `keep` iterations."""
        return Budget(self.most - keep, taken=self._taken)
