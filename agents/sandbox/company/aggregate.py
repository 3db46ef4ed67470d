"""Counts and figures of logs, grouped by facets: the body of `/api/v2/logs/analytics/aggregate`."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.company.answer import Refused
from agents.sandbox.company.entries import Entry

_PERCENTILE = re.compile(r"pc(\d\d)")
_NONE_OF_IT = "N/A"


def aggregate(entries: Sequence[Entry], *, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The buckets, largest first. Refused for what is not understood here."""
    computes = body.get("compute") or [{"aggregation": "count"}]
    facets = [str(group["facet"]) for group in body.get("group_by") or []]
    most = min((int(group.get("limit", 10)) for group in body.get("group_by") or []), default=10)
    grouped: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        key = tuple(_value(entry, facet) for facet in facets)
        if _NONE_OF_IT not in key:
            grouped[key].append(entry)
    ordered = sorted(grouped.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        {
            "by": dict(zip(facets, key, strict=True)),
            "computes": {f"c{n}": _computed(group, compute) for n, compute in enumerate(computes)},
        }
        for key, group in ordered[: most if facets else 1]
    ]


def _value(entry: Entry, facet: str) -> str:
    if facet in entry.found.fields:
        return str(entry.found.fields[facet])
    tagged = (tag.removeprefix(f"{facet}:") for tag in entry.found.tags if tag.startswith(f"{facet}:"))
    return next(tagged, _NONE_OF_IT)


def _computed(entries: Sequence[Entry], compute: Mapping[str, Any]) -> float | int:
    if compute.get("type", "total") != "total":
        raise Refused(400, "only the compute type total is offered here")
    how, metric = str(compute.get("aggregation", "count")), str(compute.get("metric", ""))
    if how == "count":
        return len(entries)
    if how == "cardinality":
        return len({_value(entry, metric) for entry in entries})
    numbers = sorted(float(entry.found.fields[metric]) for entry in entries if metric in entry.found.fields)
    return _figure(how, numbers) if numbers else 0


def _figure(how: str, numbers: Sequence[float]) -> float:
    if percentile := _PERCENTILE.fullmatch(how):
        return numbers[max(0, math.ceil(len(numbers) * int(percentile[1]) / 100) - 1)]
    match how:
        case "avg":
            return sum(numbers) / len(numbers)
        case "sum":
            return sum(numbers)
        case "min":
            return numbers[0]
        case "max":
            return numbers[-1]
    raise Refused(400, f"the aggregation {how} is not offered here")
