"""The company's traces, one span for each step of a failing request, and some of requests that went well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.sandbox.company.entries import Entry, iso
from agents.sandbox.company.failures import Failure, failures_in
from agents.sandbox.company.logs import flat, version_of
from agents.sandbox.company.search import Found
from agents.sandbox.company.story import ERROR_KIND, MINUTE, SERVICES, WAIT_MS
from agents.sandbox.company.traffic import seeded

_RESOURCES = {
    "web-gateway": "POST /checkout",
    "order-service": "POST /orders",
    "payment-service": "POST /v1/charges",
    "inventory-service": "POST /reservations",
    "notification-service": "send mail",
}
_WELL_A_MINUTE = 2


def spans_of(minute: int, deployed: int) -> Iterator[Entry]:
    start = deployed + minute * MINUTE
    for failure in failures_in(minute):
        yield _failed(failure, start=start, minute=minute)
        if failure.error_kind == ERROR_KIND:
            yield _waited(failure, start=start, minute=minute)
    for service in SERVICES:
        for number in range(_WELL_A_MINUTE):
            yield _went_well(service, number, start=start, minute=minute)


def _failed(failure: Failure, *, start: int, minute: int) -> Entry:
    error = {"type": failure.error_kind, "message": failure.message}
    return _entry(
        end=start + failure.second,
        service=failure.service,
        resource=_RESOURCES[failure.service],
        kind="web",
        minute=minute,
        trace_id=failure.trace_id,
        duration_ms=failure.duration_ms,
        attributes={"error": error, "http": {"status_code": failure.status_code}},
    )


def _waited(failure: Failure, *, start: int, minute: int) -> Entry:
    """Where the time of the failing request went: waiting for a connection."""
    return _entry(
        end=start + failure.second - 0.004,
        service=failure.service,
        resource="payments-db pool.acquire",
        kind="db",
        minute=minute,
        trace_id=failure.trace_id,
        duration_ms=float(WAIT_MS),
        attributes={"error": {"type": ERROR_KIND, "message": f"no connection within {WAIT_MS} ms"}},
    )


def _went_well(service: str, number: int, /, *, start: int, minute: int) -> Entry:
    numbers = seeded("span well", service, minute, number)
    return _entry(
        end=start + numbers.uniform(0, MINUTE),
        service=service,
        resource=_RESOURCES[service],
        kind="web",
        minute=minute,
        trace_id=f"{numbers.getrandbits(128):032x}",
        duration_ms=round(numbers.uniform(20, 180), 1),
        attributes={"http": {"status_code": 200}},
    )


def _entry(
    *,
    end: float,
    service: str,
    resource: str,
    kind: str,
    minute: int,
    trace_id: str,
    duration_ms: float,
    attributes: Mapping[str, Any],
) -> Entry:
    numbers = seeded("span", trace_id, service, resource)
    status = "error" if "error" in attributes else "ok"
    host = f"{service}-{numbers.randrange(1, 4)}"
    tags = ("env:prod", f"service:{service}", f"version:{version_of(service, minute=minute)}")
    custom = {"duration": round(duration_ms * 1e6), "status": status, **attributes}
    form = {
        "id": f"{numbers.getrandbits(64):016x}",
        "type": "spans",
        "attributes": {
            "trace_id": trace_id,
            "span_id": str(numbers.getrandbits(60)),
            "service": service,
            "resource_name": resource,
            "type": kind,
            "env": "prod",
            "host": host,
            "start_timestamp": iso(end - duration_ms / 1000),
            "end_timestamp": iso(end),
            "tags": list(tags),
            "custom": custom,
        },
    }
    fields = {
        "service": service,
        "status": status,
        "resource_name": resource,
        "env": "prod",
        "type": kind,
        "trace_id": trace_id,
        **flat(custom),
    }
    text = f"{resource} {attributes.get('error', {}).get('message', '')}"
    return Entry(at=end, found=Found(text=text, fields=fields, tags=tags), form=form)
