from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from agents.llm.tools import Summarised, Tool, tool
from agents.tools.datadog.client import Call
from agents.tools.datadog.question import TIMEOUT, AccountName, Asked, Datadog, at, clock_time, seconds_of, summarised
from agents.tools.figures import top

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

_SHOWN = 12
_WORST_FIRST = ("Alert", "Warn", "No Data", "Unknown", "Ignored", "Skipped", "OK")
_NOW = "last 1 min"


def inspect_monitors(datadog: Datadog) -> Tool:
    @tool(timeout=TIMEOUT)
    async def datadog_monitors(
        name: Annotated[str, Field(description="part of a name", max_length=200)] = "",
        monitor_id: Annotated[int, Field(description="inspect this one", ge=0)] = 0,
        account: AccountName = "",
    ) -> Summarised:
        """Monitors, alerting ones first: state, since when, query; or one of them with its groups."""
        call = _read(monitor_id) if monitor_id else _list(name)
        tell = _told_one if monitor_id else partial(_told_all, name=name)
        return await datadog.ask(account, time=_NOW, call=lambda period: call, tell=tell)

    return datadog_monitors


def _list(name: str) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v1.api.monitors_api import MonitorsApi

        api = MonitorsApi(client)
        return (
            api.list_monitors(page_size=1_000, page=0, name=name)
            if name
            else api.list_monitors(page_size=1_000, page=0)
        )

    return call


def _read(number: int) -> Call:
    def call(client: ApiClient) -> Any:
        from datadog_api_client.v1.api.monitors_api import MonitorsApi

        return MonitorsApi(client).get_monitor(number, group_states="all")

    return call


def _told_one(asked: Asked) -> Summarised:
    found = asked.reply.data
    return summarised(_head(asked, ""), {**_row(found), **_inside(found)}, whole=[found])


def _told_all(asked: Asked, *, name: str) -> Summarised:
    rows = sorted((_row(one) for one in asked.reply.data), key=_badness)
    said = {"found": len(rows), "states": top((row["state"] for row in rows), 8), "monitors": rows[:_SHOWN]}
    return summarised(_head(asked, name), said, whole=rows)


def _head(asked: Asked, name: str) -> dict[str, Any]:
    """Without a time range: a state is that of now."""
    return {key: value for key, value in asked.head("monitors", name).items() if key not in ("query", "from", "to")}


def _row(monitor: Mapping[str, Any]) -> dict[str, Any]:
    since = seconds_of(monitor.get("overall_state_modified"))
    return {
        "id": monitor.get("id"),
        "name": str(monitor.get("name") or ""),
        "state": str(monitor.get("overall_state") or "Unknown"),
        "since": clock_time(since) if since else "",
        "query": str(monitor.get("query") or "")[:300],
        "tags": [str(tag) for tag in monitor.get("tags") or []][:8],
    }


def _inside(monitor: Mapping[str, Any]) -> dict[str, Any]:
    groups = at(monitor, "state", "groups") or {}
    return {
        "message": str(monitor.get("message") or "")[:500],
        "thresholds": at(monitor, "options", "thresholds"),
        "groups": {str(name)[:100]: at(group, "status") for name, group in list(groups.items())[:_SHOWN]},
    }


def _badness(row: Mapping[str, Any]) -> tuple[int, str]:
    state = row["state"]
    return _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST), row["name"]
