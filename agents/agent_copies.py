"""What admins made of the shipped agents, as the rows say it now; `agents.roster` makes agents of it.

Two short reads, whose SQL is made once: every turn begins with one of them, so that a change applies from the next on,
in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import SlugField

from agents.models import AgentCopy
from agents.prepared import Select, Slot


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A row as a value. Whatever is empty is as it is shipped with `based_on`, the slug of a shipped agent."""

    slug: str
    based_on: str
    name: str = ""
    description: str = ""
    instructions: str = ""
    starters: tuple[str, ...] = ()
    tools_off: frozenset[str] = frozenset()
    enabled: bool = True


_COLUMNS = ("slug", "based_on", "name", "description", "instructions", "starters", "tools_off", "enabled")
_ALL: Select[tuple[Any, ...]] = Select(lambda: AgentCopy.objects.order_by("slug").values_list(*_COLUMNS))
_ONE: Select[tuple[Any, ...]] = Select(
    lambda: AgentCopy.objects.order_by("slug").filter(slug=Slot("slug", SlugField())).values_list(*_COLUMNS)[:1]
)


def copies() -> list[Copy]:
    """In the order of their slugs. Reads rows: for a thread."""
    return [_copy(values) for values in _ALL.all()]


def copy_of(slug: str) -> Copy | None:
    """Reads a row: for a thread."""
    values = _ONE.first(slug=slug)
    return None if values is None else _copy(values)


def as_copy(row: AgentCopy) -> Copy:
    """Of a row that may not be saved yet."""
    return _copy([getattr(row, name) for name in _COLUMNS])


def _copy(values: Sequence[Any]) -> Copy:
    said = dict(zip(_COLUMNS, values, strict=True))
    said["starters"], said["tools_off"] = tuple(said["starters"]), frozenset(said["tools_off"])
    return Copy(**said)
