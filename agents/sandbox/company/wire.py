"""Datadog's API, as far as an investigation needs it. Any pair of keys opens it; without one it answers 403."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from agents.sandbox.company.aggregate import aggregate
from agents.sandbox.company.answer import Answer, Asked, Refused, answer
from agents.sandbox.company.changes import changes_of
from agents.sandbox.company.entries import Entry, OfMinute, Period, find
from agents.sandbox.company.logs import logs_of
from agents.sandbox.company.metrics import query_metrics
from agents.sandbox.company.monitors import monitor, monitors
from agents.sandbox.company.quota import Quota
from agents.sandbox.company.search import QueryFault
from agents.sandbox.company.spans import spans_of

PREFIXES = ("/api/v1/", "/api/v2/")
MOST_IN_A_PAGE = 1_000
_MONITOR = re.compile(r"/api/v1/monitor/(\d{1,12})")
_MATH = re.compile(r"now(?:-(?P<count>\d{1,6})(?P<unit>s|m|h|d))?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class _Visit:
    asked: Asked
    now: float
    deployed: int

    def body(self) -> Mapping[str, Any]:
        try:
            data = orjson.loads(self.asked.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refused(400, "Invalid JSON") from None
        if not isinstance(data, dict):
            raise Refused(400, "Invalid JSON: an object is wanted")
        return data

    def period(self, start: object, end: object) -> Period:
        return Period(start=self.moment(start), end=min(self.moment(end), self.now), deployed=self.deployed)

    def moment(self, said: object) -> float:
        """Unix seconds of "now-15m", an ISO time or Unix milliseconds. Refused."""
        text = str(said)
        if match := _MATH.fullmatch(text):
            return self.now - int(match["count"] or 0) * _SECONDS[match["unit"] or "s"]
        if text.isascii() and text.isdigit() and len(text) <= 15:
            return int(text) / 1000
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            raise Refused(400, f"Invalid time {text[:40]!r}") from None


def serve(asked: Asked, *, now: float, deployed: int, quota: Quota) -> Answer:
    """Raises Refused."""
    visit = _Visit(asked=asked, now=now, deployed=deployed)
    name, serve = _found(asked)
    if not asked.headers.get("dd-api-key") or not asked.headers.get("dd-application-key"):
        raise Refused(403, "Forbidden")
    verdict = quota.judge(name)
    if not verdict.allowed:
        return answer({"errors": ["Too many requests"]}, status=429, headers=verdict.headers)
    try:
        return answer(serve(visit), headers=verdict.headers)
    except QueryFault as fault:
        raise Refused(400, f"Invalid query: {fault}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused(400, "Invalid request: a field is missing, or of another kind") from None


Serve = Callable[[_Visit], Any]


def _found(asked: Asked) -> tuple[str, Serve]:
    path = "/api/v1/monitor/{id}" if _MONITOR.fullmatch(asked.path) else asked.path
    if (asked.method, path) not in _ROUTES:
        raise Refused(404, f"The sandbox has no {asked.method} {asked.path}")
    return _ROUTES[asked.method, path]


def _logs(visit: _Visit) -> Any:
    body = visit.body()
    return _listed(_entries(logs_of, visit, body.get("filter", {})), body)


def _aggregated(visit: _Visit) -> Any:
    body = visit.body()
    buckets = aggregate(_entries(logs_of, visit, body.get("filter", {})), body=body)
    return {"data": {"buckets": buckets}, "meta": {"status": "done", "elapsed": 12}}


def _events(visit: _Visit) -> Any:
    body = visit.body()
    return _listed(_entries(changes_of, visit, body.get("filter", {})), body)


def _spans(visit: _Visit) -> Any:
    body = visit.body()["data"]["attributes"]
    return _listed(_entries(spans_of, visit, body.get("filter", {})), body)


def _metrics(visit: _Visit) -> Any:
    query = visit.asked.query
    start, end = int(query["from"]), int(query["to"])
    period = Period(start=start, end=min(end, visit.now), deployed=visit.deployed)
    series = query_metrics(query["query"], period=period)
    times = {"from_date": start * 1000, "to_date": end * 1000}
    return {"status": "ok", "res_type": "time_series", "query": query["query"], "series": series, **times}


def _monitors(visit: _Visit) -> Any:
    query = visit.asked.query
    wanted = {"name": query.get("name", ""), "tags": query.get("tags", "")}
    return monitors(now=visit.now, deployed=visit.deployed, **wanted)


def _monitor(visit: _Visit) -> Any:
    match = _MONITOR.fullmatch(visit.asked.path)
    found = monitor(int(match[1]), now=visit.now, deployed=visit.deployed) if match else None
    if found is None:
        raise Refused(404, "Monitor not found")
    return found


_ROUTES: Mapping[tuple[str, str], tuple[str, Serve]] = {
    ("POST", "/api/v2/logs/events/search"): ("logs_public_search_api", _logs),
    ("POST", "/api/v2/logs/analytics/aggregate"): ("logs_public_aggregate_api", _aggregated),
    ("POST", "/api/v2/events/search"): ("events_public_search_api", _events),
    ("POST", "/api/v2/spans/events/search"): ("spans_public_search_api", _spans),
    ("GET", "/api/v1/query"): ("query_metrics", _metrics),
    ("GET", "/api/v1/monitor"): ("monitors", _monitors),
    ("GET", "/api/v1/monitor/{id}"): ("monitors", _monitor),
}


def _entries(of_minute: OfMinute, visit: _Visit, wanted: Mapping[str, Any], /) -> list[Entry]:
    period = visit.period(wanted.get("from", "now-15m"), wanted.get("to", "now"))
    return find(of_minute, period=period, query=str(wanted.get("query", "*")))


def _listed(entries: Sequence[Entry], body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of them, the newest first unless asked otherwise, with the cursor of the next."""
    page = body.get("page") or {}
    limit, start = int(page.get("limit", 10)), int(page.get("cursor", 0))
    if not 1 <= limit <= MOST_IN_A_PAGE:
        raise Refused(400, f"Invalid page limit: 1 to {MOST_IN_A_PAGE}")
    ordered = list(entries) if body.get("sort") == "timestamp" else list(reversed(entries))
    shown = [entry.form for entry in ordered[start : start + limit]]
    meta: dict[str, Any] = {"status": "done", "elapsed": 12}
    if start + limit < len(ordered):
        meta["page"] = {"after": str(start + limit)}
    return {"data": shown, "meta": meta}
