from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from agents.llm.errors import ToolFailed
from agents.llm.tools import Summarised, Tool, tool
from agents.tools.datadog.client import Call
from agents.tools.datadog.question import (
    TIMEOUT,
    AccountName,
    Asked,
    Datadog,
    Time,
    clock_time,
    summarised,
)
from agents.tools.figures import Point, find_step, outliers, short
from agents.tools.time_ranges import TimeRange

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_SERIES = 8
_OUTLIERS = 3

MetricQuery = Annotated[
    str, Field(max_length=2_000, examples=["sum:trace.http.request.errors{service:payment-service}.as_count()"])
]


def query_metrics(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_query_metrics(
        query: MetricQuery, time: Time = "last 30 min", account: AccountName = ""
    ) -> Summarised:
        """Metric series: range, mean, outliers, and the step where values changed most, with before and after."""
        return await datadog.ask(
            account, time=time, call=lambda period: _query(query, period), tell=lambda asked: _told(asked, query)
        )

    return datadog_query_metrics


def _query(query: str, period: TimeRange, /) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v1.api.metrics_api import MetricsApi

        times = {"_from": int(period.start.timestamp()), "to": int(period.end.timestamp())}
        return MetricsApi(client).query_metrics(query=query, **times)

    return call


def _told(asked: Asked, query: str) -> Summarised:
    data = asked.reply.data
    if data.get("status") == "error":
        raise ToolFailed(f"Datadog does not understand this: {str(data.get('error'))[:300]}")
    series = data.get("series") or []
    said = {
        "found": len(series),
        "note": _note(len(series)),
        "series": [_figures(one) for one in series[:_SERIES]],
    }
    return summarised(asked.head("metrics", query), said, whole=[_points_told(one) for one in series])


def _note(count: int) -> str:
    if count == 0:
        return "no series: the metric or its tags are not there, or it had no values in this time"
    return f"the first {_SERIES} of {count} series" if count > _SERIES else ""


def _points(series: Mapping[str, Any]) -> list[Point]:
    return [(at / 1000, value) for at, value in series.get("pointlist") or [] if value is not None]


def _points_told(series: Mapping[str, Any]) -> dict[str, Any]:
    points = [[clock_time(at), value] for at, value in _points(series)]
    return {"expression": series.get("expression"), "scope": series.get("scope"), "points": points}


def _figures(series: Mapping[str, Any]) -> dict[str, Any]:
    points = _points(series)
    head = {"scope": str(series.get("scope") or "*"), "points": len(points), **_unit(series)}
    if not points:
        return head
    values = [value for _, value in points]
    highest = max(points, key=lambda point: point[1])
    figures = {
        **head,
        "mean": short(fmean(values)),
        "min": short(min(values)),
        "max": short(highest[1]),
        "max_at": clock_time(highest[0]),
        "last": short(values[-1]),
    }
    if step := find_step(points):
        figures["step"] = {"at": clock_time(step.at), "before": short(step.before), "after": short(step.after)}
    elif far := outliers(points)[:_OUTLIERS]:
        figures["outliers"] = {clock_time(at): short(value) for at, value in far}
    return figures


def _unit(series: Mapping[str, Any]) -> dict[str, str]:
    unit = (series.get("unit") or [None])[0]
    return {"unit": str(unit.get("name"))} if isinstance(unit, Mapping) else {}
