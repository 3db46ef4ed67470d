from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    day_time,
    seconds_of,
    summarised,
)
from agents.tools.figures import pattern, timeline, top
from agents.tools.time_ranges import TimeRange

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_MESSAGES = 5


def search_logs(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_search_logs(query: Query, time: Time = "last 30 min", account: AccountName = "") -> Summarised:
        """Logs that fit a Datadog query: how many and when, frequent messages, samples with trace ids."""
        return await datadog.ask(
            account, time=time, call=lambda period: _search(query, period), tell=lambda asked: _told(asked, query)
        )

    return datadog_search_logs


def _search(query: str, period: TimeRange, /) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v2.api.logs_api import LogsApi
        from datadog_api_client.v2.model.logs_list_request import LogsListRequest
        from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
        from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
        from datadog_api_client.v2.model.logs_sort import LogsSort

        times = period.told()
        wanted = LogsQueryFilter(query=query, _from=times["from"], to=times["to"])
        page = LogsListRequestPage(limit=MOST_ENTRIES)
        body = LogsListRequest(filter=wanted, page=page, sort=LogsSort.TIMESTAMP_DESCENDING)
        return LogsApi(client).list_logs(body=body)

    return call


def _told(asked: Asked, query: str) -> Summarised:
    rows = [_row(attributes_of(entry)) for entry in asked.reply.data.get("data", [])][::-1]
    moments = [seconds_of(row["at"]) for row in rows]
    bins = timeline(moments, start=asked.period.start.timestamp(), end=asked.period.end.timestamp())
    more = at(asked.reply.data, "meta", "page", "after")
    said = {
        "found": len(rows),
        "note": f"only the newest {len(rows):,}; datadog_count_logs counts all" if more else "",
        "first": rows[0]["at"] if rows else "",
        "last": rows[-1]["at"] if rows else "",
        "service": top((row["service"] for row in rows), 5),
        "status": top((row["status"] for row in rows), 5),
        "version": top((_tag(row["tags"], "version") for row in rows), 3),
        "messages": top((pattern(row["message"]) for row in rows), _MESSAGES),
        "timeline": {day_time(start): count for start, count in bins} if rows else {},
        "samples": [_sample(row) for row in _first_of_each_kind(rows)],
    }
    return summarised(asked.head("logs", query), said, whole=rows)


def _row(log: Mapping[str, Any]) -> dict[str, Any]:
    inner = log.get("attributes")
    return {
        "at": str(log.get("timestamp") or ""),
        "service": str(log.get("service") or ""),
        "status": str(log.get("status") or ""),
        "message": str(log.get("message") or ""),
        "host": str(log.get("host") or ""),
        "tags": [str(tag) for tag in log.get("tags") or []],
        "attributes": inner if isinstance(inner, Mapping) else {},
    }


def _first_of_each_kind(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first log of each of the frequent messages."""
    frequent = top((pattern(row["message"]) for row in rows), 3)
    firsts: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        firsts.setdefault(pattern(row["message"]), row)
    return [firsts[message] for message in frequent]


def _sample(row: Mapping[str, Any]) -> dict[str, Any]:
    trace = at(row, "attributes", "trace_id") or at(row, "attributes", "dd", "trace_id") or ""
    sample = {"at": row["at"], "service": row["service"], "message": row["message"][:300], "trace_id": str(trace)}
    return {name: value for name, value in sample.items() if value}


def _tag(tags: Sequence[str], name: str) -> str:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith(f"{name}:")), "")
