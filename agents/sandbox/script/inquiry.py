"""Plays an investigation with Datadog's tools, where they are offered and the question is one for them.

The sandbox is no AI: the steps are always the same. What it concludes, though, it reads in the results that it was
sent, and where they are missing it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Call, Play, Say
from agents.sandbox.script.findings import Findings, read_findings
from agents.sandbox.script.verdict import verdict_text

_MONITORS, _COUNTS, _LOGS = "datadog_monitors", "datadog_count_logs", "datadog_search_logs"
_METRICS, _EVENTS, _SPANS = "datadog_query_metrics", "datadog_search_events", "datadog_search_spans"

_SERVICE = re.compile(r"\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:service|gateway|api|worker)\b")
_TROUBLE = re.compile(
    r"\b(?:errors?|5\d\d|5xx|fail(?:s|ed|ing|ures?)?|outage|incident|slow|latency|broken|root cause)\b", re.IGNORECASE
)
_WATCHED = re.compile(r"\b(?:monitors?|alerts?|alerting)\b", re.IGNORECASE)
_CHANGED = re.compile(r"\b(?:changed?|deploy(?:ed|ments?)?|releases?)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Step:
    """`says` is what is said before its `calls`: names of tools with their arguments."""

    says: str
    calls: Callable[[Findings], tuple[tuple[str, Mapping[str, Any]], ...]]


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """The steps of an investigation; after them, or when no more calls are allowed, comes what was found."""

    steps: tuple[Step, ...]

    def play(self, request: SandboxRequest, *, done: int) -> Play:
        findings = read_findings(request, service=_service_named(request.asking_text))
        if request.callable_tools and done < len(self.steps):
            step = self.steps[done]
            calls = [_call(name, arguments, number=done + 1) for name, arguments in step.calls(findings)]
            says = Say(text=step.says.format(service=findings.service or "the failing service"))
            return Play(beats=(says, *calls[: 1 if request.one_call else None]), ending="tool_calls")
        return Play(beats=(Say(text=verdict_text(findings, is_cut_short=done < len(self.steps))),))


def find_inquiry(request: SandboxRequest) -> Inquiry | None:
    """The investigation that the question asks for; None where the tools for it are not offered."""
    offered = {tool.name for tool in request.tools}
    if not {_MONITORS, _COUNTS, _LOGS, _METRICS, _EVENTS, _SPANS} <= offered or request.must_call is not None:
        return None
    question = request.asking_text
    if _TROUBLE.search(question):
        return _ROOT_CAUSE
    if _WATCHED.search(question):
        return Inquiry(steps=(_LOOK_AT_MONITORS,))
    return Inquiry(steps=(_LOOK_AT_CHANGES,)) if _CHANGED.search(question) else None


def asks_inquiry(question: str) -> bool:
    """Is it one that Datadog's tools are for, whoever is asked?"""
    return any(words.search(question) for words in (_TROUBLE, _WATCHED, _CHANGED))


def _service_named(question: str) -> str:
    found = _SERVICE.search(question.casefold())
    return found[0] if found else ""


def _call(name: str, arguments: Mapping[str, Any], *, number: int) -> Call:
    return Call(name=name, arguments=orjson.dumps(arguments).decode(), tag=f"sbx{number}x")


_LOOK_AT_MONITORS = Step(says="I look at the monitors.", calls=lambda findings: ((_MONITORS, {}),))
_LOOK_AT_CHANGES = Step(
    says="I look for what was changed.",
    calls=lambda findings: ((_EVENTS, {"query": "*", "time": "last 2 h"}),),
)
_ROOT_CAUSE = Inquiry(
    steps=(
        Step(
            says="First the symptom: which monitors alert, and where the errors are.",
            calls=lambda findings: (
                (_MONITORS, {}),
                (_COUNTS, {"query": "status:error", "group_by": ["service"], "time": "last 30 min"}),
            ),
        ),
        Step(
            says="Next I bound it in time: the errors of {service}, and the minute in which they step up.",
            calls=lambda findings: (
                (_LOGS, {"query": f"service:{findings.service} status:error", "time": "last 30 min"}),
                (_METRICS, {"query": _errors_of(findings.service), "time": "last 1 h"}),
            ),
        ),
        Step(
            says="What was changed before that?",
            calls=lambda findings: ((_EVENTS, {"query": "source:deployment", "time": "last 2 h"}),),
        ),
        Step(
            says="Now I follow failing requests of {service}: where does their time go?",
            calls=lambda findings: (
                (_SPANS, {"query": f"service:{findings.service} status:error", "time": "last 30 min"}),
                *_spans_of(findings.trace_id),
            ),
        ),
    )
)


def _spans_of(trace_id: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return ((_SPANS, {"query": f"trace_id:{trace_id}", "time": "last 1 h"}),) if trace_id else ()


def _errors_of(service: str) -> str:
    return f"sum:trace.http.request.errors{{service:{service}}}.as_count()"
