"""Many measurements in one number."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], rank: float) -> float:
    """The smallest value that at least `rank` percent of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * rank / 100) - 1)]


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)
