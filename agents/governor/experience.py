"""What earlier calls of a pool taught about the size of the next: plain values, kept with the pool's state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from agents.governor.limits import Dimension

KEPT = 100
"""Newest calls of one kind that are remembered."""

_LEAST = 5
"""Calls of one kind from which on their outputs say more than the first guess."""

_LEAST_RATIOS = 20
_MOST_RATIO = 1.5
"""However odd some people's texts are: nobody else's calls shrink for more."""

_PREFIXES_KEPT = 200

_FADES, _LEAST_TURNS = 0.98, 3.0
"""Of the newest fifty turns; until a few have begun nothing is kept for them."""

_MORE, _LESS, _SLIGHTLY_LESS = 1.1, 0.95, 0.995
_LEAST_CARE, _MOST_CARE = 0.5, 4.0
_WORTH_A_LESSON = 2.0
"""Seconds of wait."""

N = TypeVar("N", int, float)


@dataclass(kw_only=True, slots=True)
class Prefix:
    """So many tokens are in the provider's cache until `until` (seconds)."""

    tokens: float
    until: float


@dataclass(kw_only=True, slots=True)
class Experience:
    """`outputs`: output tokens of the newest calls, by kind of call. `ratios`: what the provider counted of an input
    for each token that we had counted. `prefixes`: our copy of the provider's cache, by digest. `followed`: what the
    newest `turns` turns took after their first calls, by dimension. `care`: how many times that is kept for a turn that
    runs, so that new ones begin when they were told."""

    outputs: dict[str, list[int]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    prefixes: dict[str, Prefix] = field(default_factory=dict)
    turns: float = 0.0
    followed: dict[str, float] = field(default_factory=dict)
    care: float = 1.0

    def note_output(self, kind: str, tokens: int) -> None:
        _remember(self.outputs.setdefault(kind, []), tokens)

    def note_input(self, kind: str, *, counted: int, reported: int) -> None:
        if counted > 0 and reported > 0:
            _remember(self.ratios.setdefault(kind, []), round(reported / counted, 4))

    def note_turn(self) -> None:
        """One begins."""
        self.turns = _FADES * self.turns + 1.0
        self.followed = {name: _FADES * taken for name, taken in self.followed.items()}

    def note_following(self, taken: Mapping[Dimension, float]) -> None:
        """A call that was not the first of its turn took this."""
        for name, amount in taken.items():
            self.followed[name] = self.followed.get(name, 0.0) + amount

    def follow_up(self, name: Dimension) -> float:
        """What to keep for a turn that runs, until it ends. The longer one runs, the longer it will, so it does not
        depend on how many calls it has made."""
        return self.care * self.followed.get(name, 0.0) / self.turns if self.turns > _LEAST_TURNS else 0.0

    def note_promise(self, *, waited: float, late: float) -> None:
        """A turn began `late` seconds after it was to begin (negative: before), and had `waited` seconds. One of twenty
        may be late: more reserve makes it fewer, and everybody's wait longer."""
        if waited < _WORTH_A_LESSON:
            return
        near = max(1.0, 0.1 * waited)
        factor = _MORE if late > near else _LESS if late < -near else _SLIGHTLY_LESS
        self.care = min(_MOST_CARE, max(_LEAST_CARE, self.care * factor))

    def note_prefix(self, digest: str, *, tokens: float, until: float, now: float) -> None:
        """What is read again lives on, so the newest word counts."""
        self.prefixes.pop(digest, None)
        self.prefixes[digest] = Prefix(tokens=tokens, until=until)
        if len(self.prefixes) > _PREFIXES_KEPT:
            self.prefixes = {name: one for name, one in self.prefixes.items() if one.until > now}
        while len(self.prefixes) > _PREFIXES_KEPT:
            del self.prefixes[next(iter(self.prefixes))]

    def output(self, kind: str, *, share: float, guess: int) -> int:
        """The output that `share` of the newest calls stayed within; `guess` until enough of them are known."""
        return _quantile(self.outputs.get(kind, ()), share) if len(self.outputs.get(kind, ())) >= _LEAST else guess

    def live_prefix(self, digest: str, *, now: float) -> float:
        """Its tokens; 0 where it is not cached, or no more."""
        known = self.prefixes.get(digest)
        return known.tokens if known is not None and known.until > now else 0.0

    def input_ratio(self, kind: str, *, guess: float) -> float:
        """By how much to correct a count upwards, so that 95 of 100 calls are no larger. Never a discount."""
        known = self.ratios.get(kind, ())
        return min(_MOST_RATIO, max(1.0, _quantile(known, 0.95))) if len(known) >= _LEAST_RATIOS else guess


def _remember(known: list[N], value: N) -> None:
    known.append(value)
    del known[:-KEPT]


def _quantile(known: Sequence[N], share: float) -> N:
    """The nearest rank: a value that was really seen."""
    return sorted(known)[max(0, math.ceil(share * len(known)) - 1)]
