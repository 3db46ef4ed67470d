"""How each service did in each minute. Logs, spans and metrics all count the same requests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from agents.sandbox.company.story import FAILING, ONSET_MINUTE, WAIT_MS, share_of_failures

_REQUESTS = {
    "web-gateway": 120,
    "order-service": 60,
    "payment-service": 40,
    "inventory-service": 70,
    "notification-service": 30,
}
_P95_MS = {
    "web-gateway": 320,
    "order-service": 260,
    "payment-service": 180,
    "inventory-service": 90,
    "notification-service": 140,
}
_USUAL_ERRORS = 1 / 20  # of one failing request in a minute, from other causes


@dataclass(frozen=True, kw_only=True)
class Minute:
    """`pool_failures` are errors that come of the bad deployment, `other_errors` those that any day has."""

    requests: int
    pool_failures: int
    other_errors: int
    p95_ms: float

    @property
    def errors(self) -> int:
        return self.pool_failures + self.other_errors


def seeded(*of: object) -> Random:
    """The same numbers for the same words, in every process."""
    return Random(":".join(map(str, ("company", *of))))  # noqa: S311 - a story, not a secret


@lru_cache(maxsize=20_000)
def minute_of(service: str, minute: int) -> Minute:
    """What `service` did in `minute` (from the bad deployment)."""
    numbers = seeded("traffic", service, minute)
    requests = round(_REQUESTS[service] * numbers.uniform(0.9, 1.1))
    others = int(numbers.random() < _USUAL_ERRORS)
    failures = _pool_failures(minute) if service in FAILING else 0
    p95 = _P95_MS[service] * numbers.uniform(0.92, 1.08)
    if failures and minute >= ONSET_MINUTE:
        p95 += WAIT_MS * numbers.uniform(0.98, 1.03)
    return Minute(requests=requests, pool_failures=failures, other_errors=others, p95_ms=round(p95, 1))


def _pool_failures(minute: int) -> int:
    """A failed payment fails its order and the visitor's request, too: one number for all three."""
    return round(_REQUESTS["payment-service"] * share_of_failures(minute))
