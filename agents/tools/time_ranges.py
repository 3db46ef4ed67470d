"""Time ranges in words, such as "last 30 min": resolved here, so that a model need not know what time it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.llm.errors import ToolFailed

LONGEST = timedelta(days=90)
EXAMPLES = (
    "last 30 min · 3 h ago to 1 h ago · since 09:00 · today · around 2026-01-31T09:00Z · "
    "2026-01-31T09:00Z to 2026-01-31T10:00Z"
)

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LENGTH = (
    r"(?:(?P<count>\d{1,6}(?:\.\d{1,2})?)\s*)?"
    r"(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
)
_LAST = re.compile(rf"(?:(?:in |over |during )?(?:the )?(?:last|past|previous) )?{_LENGTH}")
_AGO = re.compile(rf"{_LENGTH} ago|now ?- ?{_LENGTH.replace('<count>', '<count2>').replace('<unit>', '<unit2>')}")
_BESIDE = re.compile(rf"(?:{_LENGTH} )?(?P<side>around|before|after) (?P<moment>.+)")
_BETWEEN = re.compile(r"(?:from |between )?(?P<start>.+?)(?: to | until | and |/| - )(?P<end>.+)")
_SINCE = re.compile(r"(?:since|from) (?P<moment>.+)")
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: ?utc|z)?")
_BESIDE_USUALLY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class TimeRange:
    """Both ends in UTC."""

    start: datetime
    end: datetime

    def told(self) -> dict[str, str]:
        return {"from": told(self.start), "to": told(self.end)}


def told(moment: datetime) -> str:
    """To the second, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_range(text: str, *, now: float) -> TimeRange:
    """What `text` means at `now` (Unix seconds). Times without a zone are UTC; no range ends after now. ToolFailed."""
    moment = datetime.fromtimestamp(now, tz=UTC)
    start, end = _ends(" ".join(text.casefold().split()), moment)
    end = min(end, moment)
    if start >= end:
        raise ToolFailed(f"the time range {text!r} ends before it starts, or lies in the future (it is {told(moment)})")
    if end - start > LONGEST:
        raise ToolFailed(f"the time range {text!r} is longer than {LONGEST.days} days")
    return TimeRange(start=start, end=end)


def _ends(text: str, now: datetime) -> tuple[datetime, datetime]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return (midnight, now) if text == "today" else (midnight - timedelta(days=1), midnight)
    if last := _LAST.fullmatch(text):
        return now - _length(last["count"], last["unit"]), now
    if beside := _BESIDE.fullmatch(text):
        return _beside(beside, now)
    if between := _BETWEEN.fullmatch(text):
        return _moment(between["start"], now), _moment(between["end"], now)
    if since := _SINCE.fullmatch(text):
        return _moment(since["moment"], now), now
    raise _not_understood(text)


def _beside(match: re.Match[str], now: datetime) -> tuple[datetime, datetime]:
    moment = _moment(match["moment"], now)
    length = _length(match["count"], match["unit"]) if match["unit"] else _BESIDE_USUALLY
    match match["side"]:
        case "before":
            return moment - length, moment
        case "after":
            return moment, moment + length
    return moment - length, moment + length


def _moment(text: str, now: datetime) -> datetime:
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        return now - _length(ago["count"] or ago["count2"], ago["unit"] or ago["unit2"])
    if clock := _CLOCK.fullmatch(text):
        return _today_at(int(clock["hour"]), int(clock["minute"]), now)
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_understood(text) from None


def _today_at(hour: int, minute: int, now: datetime) -> datetime:
    """The newest such time that is not in the future."""
    try:
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise _not_understood(f"{hour}:{minute:02}") from None
    return moment if moment <= now else moment - timedelta(days=1)


def _length(count: str | None, unit: str) -> timedelta:
    return timedelta(seconds=float(count or 1) * _UNITS[unit[0]])


def _not_understood(text: str) -> ToolFailed:
    return ToolFailed(f"the time {text[:60]!r} is not understood; write it as one of: {EXAMPLES}")
