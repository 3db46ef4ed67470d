"""All Datadog tools, as an agent has them."""

from __future__ import annotations

from collections.abc import Callable

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
from agents.tools.lean import lean


def datadog_tools(*, clock: Callable[[], float], company: Callable[[], Company]) -> tuple[Tool, ...]:
    """`clock` gives Unix seconds; `company` is what the connection of the sandbox leads to."""
    return toolbox(Datadog(clock=clock, client=Client(company=company)))


def toolbox(datadog: Datadog) -> tuple[Tool, ...]:
    makers = (search_logs, count_logs, query_metrics, inspect_monitors, search_events, search_spans)
    return tuple(lean(make(datadog)) for make in makers)
