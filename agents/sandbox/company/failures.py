"""The failing requests of a minute, with what their logs and their spans must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agents.sandbox.company.story import ERROR_KIND, FAILING, MINUTE, POOL_SIZE_AFTER, SERVICES, WAIT_MS
from agents.sandbox.company.traffic import minute_of, seeded


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failing request in one service. `second` is in its minute; callers of the service at fault share its
    `trace_id`."""

    service: str
    second: float
    trace_id: str
    status_code: int
    error_kind: str
    message: str
    duration_ms: float
    order: str


_CALLERS_SAY = {
    "order-service": (502, "UpstreamError", "checkout failed: POST payment-service /v1/charges returned 500"),
    "web-gateway": (502, "UpstreamError", "POST /checkout failed: order-service returned 502"),
}


@lru_cache(maxsize=2_000)
def failures_in(minute: int) -> tuple[Failure, ...]:
    return tuple(sorted(_failures(minute), key=lambda failure: failure.second))


def _failures(minute: int) -> Iterator[Failure]:
    for number in range(minute_of(FAILING[0], minute).pool_failures):
        yield from _chain(minute, number)
    for service in SERVICES:
        for number in range(minute_of(service, minute).other_errors):
            yield _other(service, minute, number)


def _chain(minute: int, number: int) -> Iterator[Failure]:
    """A charge that waited for the database in vain, and what its callers made of it."""
    numbers = seeded("chain", minute, number)
    second = numbers.uniform(0, MINUTE - 7)
    trace_id, order = f"{numbers.getrandbits(128):032x}", f"ORD-{numbers.randrange(10_000, 99_999)}"
    waiting, besides = numbers.randrange(20, 60), numbers.uniform(5, 40)
    for place, service in enumerate(FAILING):
        said = (
            500,
            ERROR_KIND,
            f"charge failed: {ERROR_KIND}: no database connection within {WAIT_MS} ms "
            f"(pool max={POOL_SIZE_AFTER}, in use={POOL_SIZE_AFTER}, waiting={waiting})",
        )
        code, kind, message = _CALLERS_SAY.get(service, said)
        yield Failure(
            service=service,
            second=second + WAIT_MS / 1000 + place * 0.02,
            trace_id=trace_id,
            status_code=code,
            error_kind=kind,
            message=message,
            duration_ms=round(WAIT_MS + besides + place * 25, 1),
            order=order,
        )


def _other(service: str, minute: int, number: int) -> Failure:
    numbers = seeded("other", service, minute, number)
    return Failure(
        service=service,
        second=numbers.uniform(0, MINUTE),
        trace_id=f"{numbers.getrandbits(128):032x}",
        status_code=500,
        error_kind="ConnectionResetError",
        message="request failed: ConnectionResetError: connection reset by peer",
        duration_ms=round(numbers.uniform(20, 120), 1),
        order=f"ORD-{numbers.randrange(10_000, 99_999)}",
    )
