"""A clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z"""


@dataclass(kw_only=True)
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now
