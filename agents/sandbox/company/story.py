"""What happened at the company, and when. Tests read the ground truth here.

Minutes are counted from the bad deployment: minute 0 is when it was done. The story is told relative to now, so that
"last 30 min" always holds the onset.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60

SERVICES = ("web-gateway", "order-service", "payment-service", "inventory-service", "notification-service")

HISTORY_MINUTES = 180
"""How far back before the bad deployment anything is known."""

_AGE_AT_FIRST = 20 * MINUTE
_AGE_AT_MOST = 27 * MINUTE
_OVER = 120 * MINUTE
_QUIET = 5 * MINUTE


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that was done to the company at a minute. `about` is what its author said of it."""

    minute: int
    kind: str
    service: str
    version: str
    title: str
    about: str


BAD_DEPLOYMENT = Change(
    minute=0,
    kind="deployment",
    service="payment-service",
    version="v2.14.0",
    title="Deployed payment-service v2.14.0",
    about="v2.13.2 -> v2.14.0, commit 8f3c2e1 by the pipeline. Config clean-up: database pool max size 50 -> 5.",
)

CHANGES = (
    Change(
        minute=-55,
        kind="deployment",
        service="inventory-service",
        version="v1.9.3",
        title="Deployed inventory-service v1.9.3",
        about="v1.9.2 -> v1.9.3, commit 41d07aa by the pipeline. Translated stock labels.",
    ),
    Change(
        minute=-31,
        kind="feature_flag",
        service="web-gateway",
        version="v5.2.0",
        title="Feature flag express-checkout on for 10 % of visitors",
        about="Switched on by the shop team.",
    ),
    BAD_DEPLOYMENT,
)
"""All that was changed, oldest first. Only the last one did harm."""

ONSET_MINUTE = 1
"""The first minute with more errors than usual."""

ERROR_KIND = "PoolTimeoutError"
POOL_SIZE_BEFORE, POOL_SIZE_AFTER = 50, 5
WAIT_MS = 5_000
"""How long a request waits for a connection to the database before it fails."""

FAILING = ("payment-service", "order-service", "web-gateway")
"""The service at fault first, then those that call it."""


def share_of_failures(minute: int) -> float:
    """Of the calls to the service at fault: none before the onset, then growing while the deployment rolls out."""
    if minute < ONSET_MINUTE:
        return 0.0
    return {1: 0.2, 2: 0.35}.get(minute, 0.45)


class Story:
    """Knows when minute 0 was. `clock` gives Unix seconds.

    The bad deployment is 20 to 27 minutes old when somebody begins to look. It stays where it is while they look, up to
    two hours; when nobody has looked for five minutes, the story begins anew.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._deployed: int | None = None
        self._seen = 0.0

    def look(self) -> tuple[float, int]:
        """Now, and when the bad deployment was: whole minutes, both in Unix seconds."""
        with self._lock:
            now = self._clock()
            if self._deployed is None or self._is_stale(now, self._deployed):
                self._deployed = _whole_minute(now - _AGE_AT_FIRST)
            self._seen = now
            return now, self._deployed

    def _is_stale(self, now: float, deployed: int) -> bool:
        age = now - deployed
        return age > _OVER or (age > _AGE_AT_MOST and now - self._seen > _QUIET)


def _whole_minute(moment: float) -> int:
    return int(moment // MINUTE) * MINUTE
