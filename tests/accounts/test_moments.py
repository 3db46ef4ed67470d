from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from accounts.moments import rfc3339


def test_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 22, 12, 0, 0, 1_999, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-11-22T10:00:00.001Z"
    assert rfc3339(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


def test_a_naive_moment_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(datetime(2026, 1, 2))
