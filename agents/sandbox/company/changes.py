"""Deployments and feature flags, as events of a Datadog account."""

from __future__ import annotations

from collections.abc import Iterator

from agents.sandbox.company.entries import Entry, iso
from agents.sandbox.company.search import Found
from agents.sandbox.company.story import CHANGES, MINUTE, Change

_EXACTLY_AT = 12.0
"""Seconds into its minute at which a change was done."""


def changes_of(minute: int, deployed: int) -> Iterator[Entry]:
    for number, change in enumerate(CHANGES):
        if change.minute == minute:
            yield _entry(change, at=deployed + minute * MINUTE + _EXACTLY_AT, number=number)


def _entry(change: Change, *, at: float, number: int) -> Entry:
    tags = ("env:prod", f"service:{change.service}", f"version:{change.version}", f"source:{change.kind}")
    form = {
        "id": f"AwAAA{number:019d}",
        "type": "event",
        "attributes": {
            "timestamp": iso(at),
            "message": change.about,
            "tags": list(tags),
            "attributes": {
                "title": change.title,
                "service": change.service,
                "source_type_name": change.kind,
                "status": "info",
                "timestamp": round(at * 1000),
                "evt": {"id": str(7_000_000 + number), "name": change.title},
            },
        },
    }
    fields = {"service": change.service, "source": change.kind, "title": change.title}
    return Entry(at=at, found=Found(text=f"{change.title} {change.about}", fields=fields, tags=tags), form=form)
