"""An agent as it is now beside the one that is shipped: what differs, line by line, and what both cost."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agents.admin.agent_copy_form import base_of
from agents.agent_copies import as_copy
from agents.agent_sizes import BUDGET, sizes, warnings_on
from agents.models import AgentCopy
from agents.roster import Agent, made_of, shipped

_KINDS = {"equal": "same", "delete": "gone", "insert": "new"}


def compared(row: AgentCopy) -> SafeString | str:
    """For a row that is not saved yet: the shipped agent alone."""
    base = base_of(row.based_on)
    agent = _now(row)
    changed = lines(row.shipped_instructions, base.instructions) if has_moved(row) else []
    return render_to_string(
        "admin/agents/agentcopy/compared.html",
        {
            "base": base,
            "is_gone": bool(row.based_on) and shipped(row.based_on) is None,
            "budget": f"{BUDGET:,}",
            "sizes": sizes(agent, base=base),
            "warnings": warnings_on(agent, base=base),
            "changed": changed,
            "differs": lines(base.instructions, agent.instructions) if row.instructions else [],
        },
    )


def has_moved(row: AgentCopy) -> bool:
    """Whether the shipped instructions are others than when these were written. What was not edited follows them."""
    return bool(row.instructions) and row.shipped_instructions != base_of(row.based_on).instructions


def lines(before: str, after: str) -> list[dict[str, str]]:
    """What stayed, went and came, in order: {"kind": "same" | "gone" | "new", "text"}."""
    old, new = before.splitlines(), after.splitlines()
    return [
        {"kind": kind, "text": text}
        for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for kind, text in _of(what, old[i1:i2], new[j1:j2])
    ]


def edited(row: AgentCopy) -> str:
    """What a row says otherwise, in words."""
    said = [name for name in ("name", "description", "instructions", "starters") if getattr(row, name)]
    off = [f"without {', '.join(row.tools_off)}"] if row.tools_off else []
    moved = ["the shipped instructions have changed since"] if has_moved(row) else []
    return "; ".join([", ".join(said)] * bool(said) + off + moved) or "nothing"


def most_tokens(row: AgentCopy) -> str:
    found = sizes(_now(row), base=base_of(row.based_on))
    most = max((size.tokens for size in found), default=0)
    return (
        f"{most:,}" + (f", the budget is {BUDGET:,}" if most > BUDGET else "") if found else "no model is switched on"
    )


def _now(row: AgentCopy) -> Agent:
    """Switched off or not: what it would be."""
    copy: Any = as_copy(row)
    return made_of(type(copy)(**{**vars(copy), "enabled": True})) or base_of(row.based_on)


def _of(what: str, old: list[str], new: list[str], /) -> Iterator[tuple[str, str]]:
    if what == "replace":
        yield from (("gone", text) for text in old)
        yield from (("new", text) for text in new)
    else:
        yield from ((_KINDS[what], text) for text in (new if what == "insert" else old))
