from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.llm.tools import Summarised, Tool, tool
from agents.tools.datadog.client import Call
from agents.tools.datadog.question import (
    MOST_ENTRIES,
    TIMEOUT,
    AccountName,
    Asked,
    Datadog,
    Query,
    Time,
    at,
    attributes_of,
    seconds_of,
    summarised,
)
from agents.tools.figures import percentile, short, top
from agents.tools.time_ranges import TimeRange

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_SLOWEST = 5


def search_spans(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_search_spans(query: Query, time: Time = "last 30 min", account: AccountName = "") -> Summarised:
        """Spans of traces: durations, errors, the slowest. trace_id:ID shows one request through its services."""
        return await datadog.ask(
            account, time=time, call=lambda period: _search(query, period), tell=lambda asked: _told(asked, query)
        )

    return datadog_search_spans


def _search(query: str, period: TimeRange, /) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v2.api.spans_api import SpansApi
        from datadog_api_client.v2.model.spans_list_request import SpansListRequest
        from datadog_api_client.v2.model.spans_list_request_attributes import SpansListRequestAttributes
        from datadog_api_client.v2.model.spans_list_request_data import SpansListRequestData
        from datadog_api_client.v2.model.spans_list_request_page import SpansListRequestPage
        from datadog_api_client.v2.model.spans_list_request_type import SpansListRequestType
        from datadog_api_client.v2.model.spans_query_filter import SpansQueryFilter
        from datadog_api_client.v2.model.spans_sort import SpansSort

        times = period.told()
        attributes = SpansListRequestAttributes(
            filter=SpansQueryFilter(query=query, _from=times["from"], to=times["to"]),
            page=SpansListRequestPage(limit=MOST_ENTRIES),
            sort=SpansSort.TIMESTAMP_DESCENDING,
        )
        data = SpansListRequestData(attributes=attributes, type=SpansListRequestType.SEARCH_REQUEST)
        return SpansApi(client).list_spans(body=SpansListRequest(data=data))

    return call


def _told(asked: Asked, query: str) -> Summarised:
    rows = [_row(attributes_of(entry)) for entry in asked.reply.data.get("data", [])][::-1]
    durations = [row["ms"] for row in rows]
    more = at(asked.reply.data, "meta", "page", "after")
    slowest = sorted(rows, key=lambda row: -row["ms"])[:_SLOWEST]
    said = {
        "found": len(rows),
        "note": f"only the newest {len(rows):,}" if more else "",
        "first": rows[0]["at"] if rows else "",
        "last": rows[-1]["at"] if rows else "",
        "duration_ms": {f"p{n}": short(percentile(durations, n)) for n in (50, 95, 100)} if rows else {},
        "service": top((row["service"] for row in rows), 5),
        "resource": top((row["resource"] for row in rows), 5),
        "errors": top((row["error"] for row in rows), 5),
        "slowest": [_sample(row) for row in slowest],
    }
    return summarised(asked.head("spans", query), said, whole=rows)


def _row(span: Mapping[str, Any]) -> dict[str, Any]:
    start, end = seconds_of(span.get("start_timestamp")), seconds_of(span.get("end_timestamp"))
    nanoseconds = at(span, "custom", "duration") or at(span, "attributes", "duration")
    ms = nanoseconds / 1e6 if isinstance(nanoseconds, int | float) else (end - start) * 1000
    return {
        "at": str(span.get("start_timestamp") or ""),
        "service": str(span.get("service") or ""),
        "resource": str(span.get("resource_name") or ""),
        "ms": round(ms, 1),
        "error": str(at(span, "custom", "error", "type") or ""),
        "message": str(at(span, "custom", "error", "message") or ""),
        "status_code": at(span, "custom", "http", "status_code"),
        "trace_id": str(span.get("trace_id") or ""),
        "tags": [str(tag) for tag in span.get("tags") or []],
    }


def _sample(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("at", "service", "resource", "ms", "error", "trace_id")}
    return {name: value for name, value in shown.items() if value}
