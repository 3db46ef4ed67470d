"""What can be said of many values in few words: the most frequent, how they spread over time, where they step."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

BINS = 12
"""Of a timeline."""

_NOISE = 3.0
"""A step stands out if it is larger than so many times what is left of the spread on both its sides."""

_VARYING = re.compile(r"\b(?:[0-9a-f]{8,}|[0-9a-f-]{36}|[A-Za-z]*-?\d[\w.]*)\b")


@dataclass(frozen=True, kw_only=True)
class Step:
    """The mean `before` the moment `at` and from it on."""

    at: float
    before: float
    after: float


Point = tuple[float, float]
"""A moment (Unix seconds) and a value."""


def top(values: Iterable[str], most: int) -> dict[str, int]:
    """The most frequent values that are not empty, with their counts."""
    counted = Counter(value for value in values if value)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:most])


def pattern(text: str) -> str:
    """`text` with # in the place of what varies from one message to the next: numbers and ids."""
    return _VARYING.sub("#", " ".join(text.split()))[:160]


def timeline(moments: Sequence[float], *, start: float, end: float) -> list[tuple[float, int]]:
    """How many of `moments` fall into each of at most `BINS` equal parts of the time, of whole minutes each."""
    width = max(60, math.ceil((end - start) / BINS / 60) * 60)
    first = math.floor(start / 60) * 60
    counted = Counter(int((moment - first) // width) for moment in moments)
    return [(first + number * width, counted[number]) for number in range(math.ceil((end - first) / width))]


def find_step(points: Sequence[Point]) -> Step | None:
    """Where the values step most, None if nothing stands out of the noise. Points are in the order of time."""
    if len(points) < 4:
        return None
    values = [value for _, value in points]
    place = max(range(2, len(values) - 1), key=lambda place: _gain(values, place))
    before, after = values[:place], values[place:]
    noise = math.sqrt((pstdev(before) ** 2 * len(before) + pstdev(after) ** 2 * len(after)) / len(values))
    step = Step(at=points[place][0], before=fmean(before), after=fmean(after))
    difference = abs(step.after - step.before)
    return step if difference > _NOISE * noise and difference > 1e-9 else None


def _gain(values: Sequence[float], place: int) -> float:
    before, after = values[:place], values[place:]
    return abs(fmean(after) - fmean(before)) * math.sqrt(len(before) * len(after))


def outliers(points: Sequence[Point]) -> list[Point]:
    """Points far away from the median, by the median of all distances from it."""
    if len(points) < 5:
        return []
    middle = median(value for _, value in points)
    spread = median(abs(value - middle) for _, value in points)
    return [point for point in points if spread and abs(point[1] - middle) / spread > 8]


def percentile(values: Sequence[float], percent: int) -> float:
    """Of values in any order; 0 where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def short(value: float) -> float | int:
    """Three significant digits, and no decimals that say nothing."""
    if value == 0 or not math.isfinite(value):
        return 0
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded
