"""How long a provider asks us to wait, from its response headers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_seconds(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds from `now` (Unix seconds), or None where the headers say nothing that makes sense.

    `retry-after-ms` wins; `retry-after` is seconds, a fraction allowed, or an HTTP date (RFC 9110, 10.2.3). How long a
    wait is worth obeying is the caller's decision.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    return seconds if seconds is not None else _until(value, now=now)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(value: str, *, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
        # "-0000" gives a naive value; HTTP dates are always in UTC.
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
