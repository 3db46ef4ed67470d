"""Metric queries of the form `aggregation:metric{tags} by {service}.as_count()`, a point for each minute."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from agents.sandbox.company.entries import Period
from agents.sandbox.company.search import QueryFault
from agents.sandbox.company.story import MINUTE, ONSET_MINUTE, POOL_SIZE_AFTER, POOL_SIZE_BEFORE, SERVICES
from agents.sandbox.company.traffic import minute_of, seeded

OfMinute = Callable[[str, int], float]

_QUERY = re.compile(
    r"(?P<aggregation>avg|sum|min|max|p50|p75|p95|p99):(?P<metric>[\w.]+)\{(?P<scope>[^}]*)\}"
    r"(?:\s*by\s*\{(?P<by>[^}]*)\})?(?:\.as_(?:count|rate)\(\))?"
)
_FAULTY = "payment-service"


def _pool_max(service: str, minute: int) -> float:
    return POOL_SIZE_AFTER if minute >= 0 else POOL_SIZE_BEFORE


def _pool_in_use(service: str, minute: int) -> float:
    usual = seeded("pool", minute).randrange(9, 16)
    return min(usual, _pool_max(service, minute))


def _pool_waiting(service: str, minute: int) -> float:
    return seeded("waiting", minute).randrange(25, 50) if minute >= ONSET_MINUTE else 0


_METRICS: Mapping[str, tuple[OfMinute, tuple[str, ...]]] = {
    "trace.http.request.hits": (lambda service, minute: minute_of(service, minute).requests, SERVICES),
    "trace.http.request.errors": (lambda service, minute: minute_of(service, minute).errors, SERVICES),
    "trace.http.request": (lambda service, minute: minute_of(service, minute).p95_ms / 1000, SERVICES),
    "payments.db.pool.max": (_pool_max, (_FAULTY,)),
    "payments.db.pool.in_use": (_pool_in_use, (_FAULTY,)),
    "payments.db.pool.waiting": (_pool_waiting, (_FAULTY,)),
}
"""What there is, and of which services. `trace.http.request` is in seconds, and always its 95th percentile."""


def query_metrics(query: str, *, period: Period) -> list[dict[str, Any]]:
    """The series, as the wire says them; none for a metric that is not there. QueryFault."""
    match = _QUERY.fullmatch(query.strip())
    if match is None:
        raise QueryFault(f"Error parsing query: unable to parse {query}")
    found = _METRICS.get(match["metric"])
    if found is None:
        return []
    of_minute, services = found
    chosen = [service for service in services if _in_scope(service, match["scope"])]
    if not chosen:
        return []
    groups = [[service] for service in chosen] if "service" in (match["by"] or "") else [chosen]
    return [_series(match, of_minute, period=period, services=group, scope=_scope(match, group)) for group in groups]


def _in_scope(service: str, scope: str) -> bool:
    terms = [term.strip() for term in scope.split(",")]
    return all(term in ("*", "env:prod", f"service:{service}") for term in terms)


def _scope(match: re.Match[str], services: list[str]) -> str:
    return f"service:{services[0]}" if match["by"] else match["scope"]


def _series(
    match: re.Match[str], of_minute: OfMinute, /, *, period: Period, services: list[str], scope: str
) -> dict[str, Any]:
    whole = [minute for minute in period.minutes() if period.deployed + (minute + 1) * MINUTE <= period.end]
    values = {minute: [of_minute(service, minute) for service in services] for minute in whole}
    points = [
        [(period.deployed + minute * MINUTE) * 1000.0, _joined(match["aggregation"], values[minute])]
        for minute in whole
    ]
    seconds = {"family": "time", "id": 11, "name": "second", "plural": "seconds", "scale_factor": 1.0}
    return {
        "metric": match["metric"],
        "display_name": match["metric"],
        "expression": match[0],
        "aggr": match["aggregation"],
        "scope": scope,
        "tag_set": [scope] if match["by"] else [],
        "interval": MINUTE,
        "length": len(points),
        "start": int(points[0][0]) if points else int(period.start * 1000),
        "end": int(points[-1][0]) + MINUTE * 1000 - 1 if points else int(period.end * 1000),
        "query_index": 0,
        "unit": [seconds | {"short_name": "s"}, None] if match["metric"] == "trace.http.request" else [None, None],
        "pointlist": points,
    }


def _joined(aggregation: str, values: list[float]) -> float:
    match aggregation:
        case "sum":
            return float(sum(values))
        case "min":
            return float(min(values))
        case "avg" | "p50" | "p75":
            return sum(values) / len(values)
        case _:
            return float(max(values))
