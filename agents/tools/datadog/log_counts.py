from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from agents.llm.tools import Summarised, Tool, tool
from agents.tools.datadog.client import Call
from agents.tools.datadog.question import TIMEOUT, AccountName, Asked, Datadog, Query, Time, at, summarised
from agents.tools.figures import short
from agents.tools.time_ranges import TimeRange

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_GROUPS_OF_EACH = 50
_SHOWN = 15
_FIGURES = ("avg", "pc95", "max")

Facets = Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=3)]


def count_logs(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_count_logs(
        *,
        query: Query,
        group_by: Annotated[Facets, Field(description="facets", examples=[["service"]])],
        measure: Annotated[str, Field(description="figures of it, such as @duration", max_length=200)] = "",
        time: Time = "last 30 min",
        account: AccountName = "",
    ) -> Summarised:
        """Counts all logs that fit, by facets such as service, status, @http.status_code."""
        return await datadog.ask(
            account,
            time=time,
            call=lambda period: _count(query, group_by, measure, period),
            tell=lambda asked: _told(asked, query),
        )

    return datadog_count_logs


def _count(query: str, group_by: list[str], measure: str, period: TimeRange, /) -> Call:  # noqa: PLR0917
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v2.api.logs_api import LogsApi
        from datadog_api_client.v2.model.logs_aggregate_request import LogsAggregateRequest
        from datadog_api_client.v2.model.logs_aggregation_function import LogsAggregationFunction
        from datadog_api_client.v2.model.logs_compute import LogsCompute
        from datadog_api_client.v2.model.logs_group_by import LogsGroupBy
        from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter

        times = period.told()
        figures = [LogsCompute(aggregation=LogsAggregationFunction(one), metric=measure) for one in _FIGURES]
        body = LogsAggregateRequest(
            compute=[LogsCompute(aggregation=LogsAggregationFunction.COUNT), *(figures if measure else [])],
            filter=LogsQueryFilter(query=query, _from=times["from"], to=times["to"]),
            group_by=[LogsGroupBy(facet=facet, limit=_GROUPS_OF_EACH) for facet in group_by],
        )
        return LogsApi(client).aggregate_logs(body=body)

    return call


def _told(asked: Asked, query: str) -> Summarised:
    rows = [_row(bucket) for bucket in at(asked.reply.data, "data", "buckets") or []]
    rows.sort(key=lambda row: -row["count"])
    said = {
        "counted": sum(row["count"] for row in rows),
        "groups": len(rows),
        "top": rows[:_SHOWN],
        "note": f"the largest {_SHOWN} groups of {len(rows)}" if len(rows) > _SHOWN else "",
    }
    return summarised(asked.head("log counts", query), said, whole=rows)


def _row(bucket: Mapping[str, Any]) -> dict[str, Any]:
    computes = bucket.get("computes") or {}
    figures = {
        name: short(float(computes[f"c{place}"]))
        for place, name in enumerate(_FIGURES, start=1)
        if isinstance(computes.get(f"c{place}"), int | float)
    }
    return {**(bucket.get("by") or {}), "count": int(computes.get("c0") or 0), **figures}
