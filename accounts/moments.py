"""How a moment is written for programs: RFC 3339, UTC, milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """`2026-11-22T10:00:00.000Z`. A naive moment is a programming error (ValueError)."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be written")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
