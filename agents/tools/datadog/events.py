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
    summarised,
)
from agents.tools.figures import top
from agents.tools.time_ranges import TimeRange

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_SHOWN = 10


def search_events(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_search_events(
        query: Query = "source:deployment", time: Time = "last 2 h", account: AccountName = ""
    ) -> Summarised:
        """What was changed: deployments and other events, newest first."""
        return await datadog.ask(
            account, time=time, call=lambda period: _search(query, period), tell=lambda asked: _told(asked, query)
        )

    return datadog_search_events


def _search(query: str, period: TimeRange, /) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v2.api.events_api import EventsApi
        from datadog_api_client.v2.model.events_list_request import EventsListRequest
        from datadog_api_client.v2.model.events_query_filter import EventsQueryFilter
        from datadog_api_client.v2.model.events_request_page import EventsRequestPage
        from datadog_api_client.v2.model.events_sort import EventsSort

        times = period.told()
        wanted = EventsQueryFilter(query=query, _from=times["from"], to=times["to"])
        page = EventsRequestPage(limit=MOST_ENTRIES)
        body = EventsListRequest(filter=wanted, page=page, sort=EventsSort.TIMESTAMP_DESCENDING)
        return EventsApi(client).search_events(body=body)

    return call


def _told(asked: Asked, query: str) -> Summarised:
    rows = [_row(attributes_of(entry)) for entry in asked.reply.data.get("data", [])]
    said = {
        "found": len(rows),
        "note": f"the newest {_SHOWN} of {len(rows)}" if len(rows) > _SHOWN else "",
        "service": top((row["service"] for row in rows), 5),
        "events": rows[:_SHOWN],
    }
    return summarised(asked.head("events", query), said, whole=rows)


def _row(event: Mapping[str, Any]) -> dict[str, Any]:
    tags = [str(tag) for tag in event.get("tags") or []]
    version = next((tag.partition(":")[2] for tag in tags if tag.startswith("version:")), "")
    row = {
        "at": str(event.get("timestamp") or ""),
        "title": str(at(event, "attributes", "title") or "")[:200],
        "service": str(at(event, "attributes", "service") or ""),
        "version": version,
        "source": str(at(event, "attributes", "source_type_name") or ""),
        "message": str(event.get("message") or "")[:300],
    }
    return {name: value for name, value in row.items() if value or name in ("at", "service")}
