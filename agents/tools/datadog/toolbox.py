"""All Datadog tools, as an agent has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agents.llm.tools import Tool
from agents.sandbox.company.app import Company
from agents.tools.datadog.client import Client
from agents.tools.datadog.events import search_events
from agents.tools.datadog.log_counts import count_logs
from agents.tools.datadog.logs import search_logs
from agents.tools.datadog.metrics import query_metrics
from agents.tools.datadog.monitors import inspect_monitors
from agents.tools.datadog.question import Datadog
from agents.tools.datadog.spans import search_spans


def datadog_tools(*, clock: Callable[[], float], company: Callable[[], Company]) -> tuple[Tool, ...]:
    """`clock` gives Unix seconds; `company` is what the connection of the sandbox leads to."""
    return toolbox(Datadog(clock=clock, client=Client(company=company)))


def toolbox(datadog: Datadog) -> tuple[Tool, ...]:
    makers = (search_logs, count_logs, query_metrics, inspect_monitors, search_events, search_spans)
    return tuple(_lean(make(datadog)) for make in makers)


_CHECKED_ANYWAY = {"maxLength", "minLength", "maxItems", "minItems", "minimum"}


def _lean(tool: Tool) -> Tool:
    """A schema that says no more than it must, since every call carries it: the bounds are checked all the same, and an
    empty default says nothing."""
    return replace(tool, spec=replace(tool.spec, parameters=_without_bounds(tool.spec.parameters)))


def _without_bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _CHECKED_ANYWAY and key != "additionalProperties" and not (key == "default" and not value)
    }
    return {key: _without_bounds(value) if isinstance(value, Mapping) else value for key, value in kept.items()}
