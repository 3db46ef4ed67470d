"""The company's monitors, and what they say since the bad deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents.sandbox.company.entries import iso
from agents.sandbox.company.story import MINUTE


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """`since` is the minute of its state; a monitor that is OK has been so all day."""

    id: int
    name: str
    service: str
    query: str
    state: str
    critical: float
    since: int = -600


MONITORS = (
    Monitor(
        id=1001,
        name="payment-service: too many 5xx",
        service="payment-service",
        query="sum(last_5m):sum:trace.http.request.errors{service:payment-service}.as_count() > 20",
        state="Alert",
        critical=20,
        since=3,
    ),
    Monitor(
        id=1002,
        name="order-service: checkouts fail",
        service="order-service",
        query="sum(last_5m):sum:trace.http.request.errors{service:order-service}.as_count() > 20",
        state="Alert",
        critical=20,
        since=3,
    ),
    Monitor(
        id=1003,
        name="payment-service: slow (p95)",
        service="payment-service",
        query="avg(last_5m):p95:trace.http.request{service:payment-service} > 1",
        state="Alert",
        critical=1,
        since=4,
    ),
    Monitor(
        id=1004,
        name="web-gateway: availability",
        service="web-gateway",
        query="sum(last_10m):sum:trace.http.request.errors{service:web-gateway}.as_count() > 100",
        state="Warn",
        critical=100,
        since=5,
    ),
    Monitor(
        id=1005,
        name="inventory-service: stock is stale",
        service="inventory-service",
        query="max(last_15m):max:inventory.sync.age{service:inventory-service} > 900",
        state="OK",
        critical=900,
    ),
    Monitor(
        id=1006,
        name="notification-service: mail queue",
        service="notification-service",
        query="avg(last_10m):avg:notification.queue.depth{service:notification-service} > 500",
        state="OK",
        critical=500,
    ),
)


def monitors(*, now: float, deployed: int, name: str = "", tags: str = "") -> list[dict[str, Any]]:
    """Those whose name holds `name` and that have all of `tags` (comma-separated), as the wire says it."""
    wanted = [tag.strip() for tag in tags.split(",") if tag.strip()]
    return [
        _form(monitor, now=now, deployed=deployed)
        for monitor in MONITORS
        if name.casefold() in monitor.name.casefold() and set(wanted) <= set(_tags(monitor))
    ]


def monitor(number: int, *, now: float, deployed: int) -> dict[str, Any] | None:
    return next((_form(one, now=now, deployed=deployed) for one in MONITORS if one.id == number), None)


def _tags(monitor: Monitor) -> Iterator[str]:
    yield from (f"service:{monitor.service}", "env:prod")


def _form(monitor: Monitor, *, now: float, deployed: int) -> dict[str, Any]:
    since = deployed + monitor.since * MINUTE
    state = monitor.state if since <= now else "OK"
    changed = since if state == monitor.state else deployed - 600 * MINUTE
    group = f"service:{monitor.service}"
    return {
        "id": monitor.id,
        "name": monitor.name,
        "type": "query alert",
        "query": monitor.query,
        "message": f"{monitor.name}. See the runbook of {monitor.service}. @oncall",
        "tags": list(_tags(monitor)),
        "overall_state": state,
        "overall_state_modified": iso(changed),
        "created": iso(deployed - 90 * 24 * 3_600),
        "modified": iso(deployed - 30 * 24 * 3_600),
        "multi": False,
        "options": {"thresholds": {"critical": monitor.critical}},
        "state": {"groups": {group: {"name": group, "status": state, "last_triggered_ts": int(changed)}}},
    }
