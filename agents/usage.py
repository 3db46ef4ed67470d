"""What model calls used: sums over the ledger, by model, agent, user or day. One query, one walk over an index.

Tokens are what providers counted. A call that is running, was stopped or failed may have no count: it is one of the
`calls` and one of the `uncounted`, and adds no tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC
from typing import Any, Literal, cast

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from accounts.models import User
from agents.models import ModelCall
from agents.periods import Period
from agents.roster import names

Grouping = Literal["model", "agent", "user", "day"]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """`input_tokens` holds the `cache_read_tokens`. `waits` are calls that the governor held back, `waited_ms` for how
    long in all; `rate_limited` are calls that a provider refused because of its rate limit."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    waits: int = 0
    waited_ms: int = 0
    rate_limited: int = 0
    uncounted: int = 0


@dataclass(frozen=True, kw_only=True)
class UsageRow(Usage):
    """`key` is what programs know it by: `provider/model_id`, an agent's slug, a user's id, a day; None for what is
    gone or never was. `name` is what people call it."""

    key: str | None
    name: str


@dataclass(frozen=True, kw_only=True)
class _Group:
    """`columns` are grouped by; `key` and `name` are made of their values."""

    columns: Mapping[str, Any]
    key: Callable[[dict[str, Any]], str | None]
    name: Callable[[dict[str, Any]], str]


_NAMES = [field.name for field in fields(Usage)]
# Under names of their own, because a sum may not be called as the column that it sums.
_SUMS: dict[str, Any] = {
    "sum_calls": Count("pk"),
    "sum_input_tokens": Sum("input_tokens", default=0),
    "sum_output_tokens": Sum("output_tokens", default=0),
    "sum_cache_read_tokens": Sum("cache_read_tokens", default=0),
    "sum_waits": Count("pk", filter=Q(waited_ms__gt=0)),
    "sum_waited_ms": Sum("waited_ms", default=0),
    "sum_rate_limited": Count("pk", filter=Q(rate_limited__gt=0)),
    "sum_uncounted": Count("pk", filter=Q(input_tokens=None)),
}
_GROUPS: dict[Grouping, _Group] = {
    "model": _Group(
        columns={
            "of_provider": F("model__provider__slug"),
            "provider_name": F("model__provider__name"),
            "of_model": F("model__model_id"),
            "model_name": F("model__name"),
        },
        key=lambda row: f"{row['of_provider']}/{row['of_model']}" if row["of_model"] else None,
        name=lambda row: f"{row['provider_name']} · {row['model_name']}" if row["of_model"] else "Removed models",
    ),
    "agent": _Group(
        columns={"of_agent": F("agent")},
        key=lambda row: row["of_agent"] or None,
        name=lambda row: row["agent_name"] or row["of_agent"] or "No agent",
    ),
    "user": _Group(
        columns={"of_user": F("user_id"), "user_name": F("user__username")},
        key=lambda row: str(row["of_user"]) if row["of_user"] else None,
        name=lambda row: row["user_name"] or "Removed users",
    ),
    "day": _Group(
        columns={"of_day": TruncDate("created_at", tzinfo=UTC)},
        key=lambda row: row["of_day"].isoformat(),
        name=lambda row: row["of_day"].isoformat(),
    ),
}


def usage_by(group_by: Grouping, *, period: Period, user: User | None) -> list[UsageRow]:
    """The groups that had a call: days newest first, all else by tokens, most first. None as `user` means everyone."""
    group = _GROUPS[group_by]
    calls = ModelCall.objects.filter(created_at__gte=period.start, created_at__lt=period.end)
    if user is not None:
        calls = calls.filter(user=user)
    found = cast("Iterable[dict[str, Any]]", calls.order_by().values(**group.columns).annotate(**_SUMS))
    rows = [_row(group, values) for values in (_with_names(found) if group_by == "agent" else found)]
    if group_by == "day":
        return sorted(rows, key=lambda row: row.name, reverse=True)
    return sorted(rows, key=lambda row: (-row.input_tokens - row.output_tokens, row.name))


def total(rows: Iterable[Usage]) -> Usage:
    sums = dict.fromkeys(_NAMES, 0)
    for row in rows:
        for name in _NAMES:
            sums[name] += getattr(row, name)
    return Usage(**sums)


def _row(group: _Group, values: dict[str, Any]) -> UsageRow:
    return UsageRow(key=group.key(values), name=group.name(values), **{name: values[f"sum_{name}"] for name in _NAMES})


def _with_names(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Agents as they are called now."""
    called = names()
    return [{**values, "agent_name": called.get(values["of_agent"])} for values in found]
