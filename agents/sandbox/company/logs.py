"""The company's logs: every failure, and some of what went well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.sandbox.company.entries import Entry, iso
from agents.sandbox.company.failures import Failure, failures_in
from agents.sandbox.company.search import Found, Value
from agents.sandbox.company.story import CHANGES, MINUTE, SERVICES
from agents.sandbox.company.traffic import seeded

_WELL = {
    "web-gateway": "GET /products 200",
    "order-service": "order accepted",
    "payment-service": "charge captured",
    "inventory-service": "stock reserved",
    "notification-service": "mail handed over",
}
_WELL_A_MINUTE = 2


def logs_of(minute: int, deployed: int) -> Iterator[Entry]:
    start = deployed + minute * MINUTE
    for number, failure in enumerate(failures_in(minute)):
        yield _failed(failure, start=start, number=number, minute=minute)
    for service in SERVICES:
        for number in range(_WELL_A_MINUTE):
            yield _went_well(service, start=start, number=number, minute=minute)


def _failed(failure: Failure, *, start: int, number: int, minute: int) -> Entry:
    attributes = {
        "http": {"status_code": failure.status_code},
        "error": {"kind": failure.error_kind},
        "duration": round(failure.duration_ms * 1e6),
        "trace_id": failure.trace_id,
        "order_id": failure.order,
    }
    return _entry(
        at=start + failure.second,
        service=failure.service,
        status="error",
        message=failure.message,
        attributes=attributes,
        minute=minute,
        seed=("failed", minute, number),
    )


def _went_well(service: str, *, start: int, number: int, minute: int) -> Entry:
    numbers = seeded("well", service, minute, number)
    attributes = {"http": {"status_code": 200}, "duration": numbers.randrange(20, 200) * 1_000_000}
    return _entry(
        at=start + numbers.uniform(0, MINUTE),
        service=service,
        status="info",
        message=_WELL[service],
        attributes=attributes,
        minute=minute,
        seed=("well", service, minute, number),
    )


def _entry(
    *,
    at: float,
    service: str,
    status: str,
    message: str,
    attributes: Mapping[str, Any],
    minute: int,
    seed: tuple[object, ...],
) -> Entry:
    numbers = seeded("log", *seed)
    host = f"{service}-{numbers.randrange(1, 4)}"
    tags = ("env:prod", f"service:{service}", f"version:{version_of(service, minute=minute)}")
    form = {
        "id": f"AQAAA{numbers.getrandbits(96):024x}",
        "type": "log",
        "attributes": {
            "timestamp": iso(at),
            "service": service,
            "status": status,
            "host": host,
            "message": message,
            "tags": list(tags),
            "attributes": attributes,
        },
    }
    fields = {"service": service, "status": status, "host": host, **flat(attributes)}
    return Entry(at=at, found=Found(text=message, fields=fields, tags=tags), form=form)


def version_of(service: str, *, minute: int) -> str:
    """What runs in `minute`."""
    ran = [change for change in CHANGES if change.service == service and change.kind == "deployment"]
    if not ran:
        return "v5.2.0"
    latest = ran[-1]
    return latest.version if minute >= latest.minute else latest.about.split(" -> ")[0]


def flat(attributes: Mapping[str, Any], prefix: str = "@") -> dict[str, Value]:
    """{"http": {"status_code": 500}} as {"@http.status_code": 500}."""
    fields: dict[str, Value] = {}
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            fields |= flat(value, f"{prefix}{name}.")
        else:
            fields[f"{prefix}{name}"] = value
    return fields
