"""What is kept of an edited agent: only what is not as shipped, so that the rest follows the next version."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from agents.roster import Agent

TEXTS = ("name", "description", "instructions", "starters")
ALWAYS = "recall"
"""What was left out of a conversation is read again with it: no agent is without."""


def kept(said: Mapping[str, Any], *, base: Agent) -> dict[str, Any]:
    """Of `TEXTS`, as a row keeps them: empty where they are those of `base`. `starters` are a list."""
    shipped = {name: getattr(base, name) for name in TEXTS} | {"starters": list(base.starters)}
    return {name: value if value != shipped[name] else type(value)() for name, value in said.items()}


def tool_names(base: Agent) -> list[str]:
    """Those that can be switched off."""
    return [spec.name for spec in base.tools.specs if spec.name != ALWAYS]


def slug_fault(slug: str, *, base: Agent, shipped: Collection[str]) -> str:
    """A shipped agent's slug is for its own edited copy."""
    return "is a shipped agent's: edit that one, or choose another" if slug in shipped and slug != base.slug else ""


def name_fault(name: str, *, is_copy: bool, others: Collection[str]) -> str:
    """`name` is what people would read; `is_copy`: of a shipped agent, which has a name already."""
    if not name and not is_copy:
        return "is missing: an agent of your own needs a name of its own"
    return "is another agent's name, too: people could not tell them apart" if name in others else ""
