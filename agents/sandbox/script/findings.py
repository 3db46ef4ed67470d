"""What an investigation has found so far, read in the tool results that came with a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.sandbox.request import SandboxRequest

Result = Mapping[str, Any]
_NOTHING: Result = {}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The newest result of each tool, {} where it is not there; `trace` is the one trace that was followed. `service`
    is the one that was asked about, or else the one with the most errors. `failed` are the tools that failed."""

    service: str = ""
    monitors: Result = field(default_factory=dict)
    counts: Result = field(default_factory=dict)
    logs: Result = field(default_factory=dict)
    metrics: Result = field(default_factory=dict)
    events: Result = field(default_factory=dict)
    spans: Result = field(default_factory=dict)
    trace: Result = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    @property
    def trace_id(self) -> str:
        """Of a failing request."""
        samples = self.logs.get("samples") or [_NOTHING]
        return str(samples[0].get("trace_id") or "")

    @property
    def onset(self) -> str:
        """When the first error was, "" where that is not known."""
        return str(self.logs.get("first") or "")

    @property
    def deployments(self) -> Sequence[Result]:
        """The newest first."""
        return [event for event in self.events.get("events") or () if event.get("source") == "deployment"]

    @property
    def suspect(self) -> Result:
        """The newest deployment before the onset, of the service itself if it has one; {} where there is none."""
        before = [event for event in self.deployments if not self.onset or str(event["at"]) <= self.onset]
        own = [event for event in before if event.get("service") == self.service]
        return next(iter(own or before), _NOTHING)


_PLACES = {
    "datadog_monitors": "monitors",
    "datadog_count_logs": "counts",
    "datadog_search_logs": "logs",
    "datadog_query_metrics": "metrics",
    "datadog_search_events": "events",
}


def read_findings(request: SandboxRequest, *, service: str) -> Findings:
    """`service` is the one that the question names, "" for none."""
    found: dict[str, Result] = {}
    failed = []
    for result in (part for message in request.since_asked for part in message.tool_results):
        value = _read(result.text)
        if value is None:
            failed.append(result.name)
        elif result.name == "datadog_search_spans":
            found["trace" if str(value.get("query")).startswith("trace_id:") else "spans"] = value
        elif result.name in _PLACES:
            found[_PLACES[result.name]] = value
    most = next(iter(found.get("counts", _NOTHING).get("top") or ()), _NOTHING)
    return Findings(service=service or str(most.get("service") or ""), failed=tuple(failed), **found)


def _read(text: str) -> Result | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
