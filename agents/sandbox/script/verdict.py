"""What an investigation concludes: findings first, then the evidence with its sources, then what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from agents.sandbox.script.findings import Findings, Result

PLAYED = (
    "I am the sandbox and no AI: these steps are a script, but every number above was read in a result of this "
    "conversation."
)


def verdict_text(findings: Findings, *, is_cut_short: bool) -> str:
    """`is_cut_short`: no more calls are allowed, so that some steps are missing."""
    parts = [
        _finding(findings),
        listed("Evidence", _evidence(findings)),
        listed("Ruled out", _ruled_out(findings)),
        listed("Not explained", _open_points(findings, is_cut_short=is_cut_short)),
        listed("Next steps", _next_steps(findings)),
        PLAYED,
    ]
    return "\n\n".join(filter(None, parts))


def _finding(findings: Findings) -> str:
    suspect = findings.suspect
    if not suspect:
        return f"**Finding**: {_without_suspect(findings)}"
    if not findings.onset:
        return f"**Finding**: the newest deployment is {_named(suspect)}."
    return (
        f"**Finding**: the errors of `{findings.service}` come from {_named(suspect)}: the first one came "
        f"{findings.onset}. Confidence: {_confidence(findings)}."
    )


def _without_suspect(findings: Findings) -> str:
    if findings.events and findings.onset:
        return (
            f"`{findings.service}` fails since {findings.onset}, and no deployment came before that. Confidence: low."
        )
    if alerting := [one for one in findings.monitors.get("monitors") or () if one.get("state") != "OK"]:
        return f"{len(alerting)} of {findings.monitors.get('found')} monitors are not OK."
    return "what I was sent does not tell a cause. Confidence: low."


def _confidence(findings: Findings) -> str:
    own = findings.suspect.get("service") == findings.service
    version = findings.suspect.get("version")
    all_of_it = list(findings.logs.get("version") or {}) == [version]
    if own and all_of_it and findings.spans:
        return f"high (every error is of {version}, none came before it, and the traces agree)"
    return "medium (the time fits; the rest is inference)" if own else "low (another service was deployed)"


def _named(deployment: Result) -> str:
    return (
        f"the deployment of `{deployment.get('service')}` {deployment.get('version', '')} at {deployment.get('at')} "
        f"({deployment.get('message', 'no message')})"
    )


def _evidence(findings: Findings) -> Iterator[str]:
    if logs := findings.logs:
        frequent = next(iter(logs.get("messages") or {}), "")
        yield f"{logs.get('found')} error logs, the first {logs.get('first')}: `{frequent}` ({_source(logs)})"
    for series in (findings.metrics.get("series") or [])[:1]:
        if step := series.get("step"):
            stepped = f"from {step['before']} to {step['after']} at {step['at']}"
            yield f"errors a minute step {stepped} ({_source(findings.metrics)})"
    for event in findings.deployments:
        yield f"{event.get('title')} at {event.get('at')} ({_source(findings.events)})"
    yield from _evidence_of_spans(findings)
    for monitor in findings.monitors.get("monitors") or ():
        if monitor.get("state") != "OK":
            yield f"monitor {monitor.get('name')}: {monitor.get('state')} since {monitor.get('since')}"
    for row in findings.counts.get("top") or ():
        yield f"errors in `{row.get('service')}`: {row.get('count')} ({_source(findings.counts)})"


def _evidence_of_spans(findings: Findings) -> Iterator[str]:
    if spans := findings.spans:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in (spans.get("errors") or {}).items())
        median = (spans.get("duration_ms") or {}).get("p50")
        yield f"failing spans: {kinds}, half of them longer than {median} ms ({_source(spans)})"
    if trace := findings.trace:
        yield f"one request: {' → '.join(map(_step, trace.get('slowest') or ()))} ({_source(trace)})"


def _step(span: Result) -> str:
    """Spans come with the slowest first, which is from the outside in: whoever waits for another takes longer."""
    return f"`{span.get('service')}` {span.get('resource')} {span.get('ms')} ms"


def _open_points(findings: Findings, *, is_cut_short: bool) -> Iterator[str]:
    if is_cut_short:
        yield "I reached the last step: not everything was looked at"
    if findings.failed:
        yield f"these gave nothing that I could read: {', '.join(f'`{name}`' for name in findings.failed)}"


def _ruled_out(findings: Findings) -> Iterator[str]:
    others = [event for event in findings.deployments if event is not findings.suspect]
    for event in others if findings.onset else ():
        yield f"{event.get('title')} at {event.get('at')}: the errors began only with {findings.onset}"


def _next_steps(findings: Findings) -> Iterator[str]:
    if findings.suspect and findings.onset:
        service, version = findings.suspect.get("service"), findings.suspect.get("version")
        before = str(findings.suspect.get("message", "")).partition(" -> ")[0]
        yield f"roll `{service}` back from {version}{f' to {before}' if before.startswith('v') else ''}"
        yield "see the errors a minute return to what they were, then mend the change and deploy again"


def _source(result: Result) -> str:
    return f"{result.get('source')}, `{result.get('query')}`, {result.get('from')} to {result.get('to')}"


def listed(title: str, points: Iterator[str]) -> str:
    lines = "\n".join(f"- {point}" for point in points)
    return f"**{title}**:\n\n{lines}" if lines else ""
