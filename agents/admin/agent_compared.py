"""An agent as it is now beside the one that is shipped: what differs, line by line, and what both cost."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agents.admin.agent_copy_form import base_of
from agents.agent_copies import as_copy
from agents.agent_edits import TEXTS
from agents.agent_sizes import BUDGET, sizes, warnings_on
from agents.line_changes import line_changes
from agents.models import AgentCopy
from agents.roster import Agent, made_of, shipped


def compared(row: AgentCopy) -> SafeString | str:
    """For a row that is not saved yet: the shipped agent alone."""
    base = base_of(row.based_on)
    agent = _now(row)
    changed = line_changes(row.shipped_instructions, base.instructions) if has_moved(row) else []
    return render_to_string(
        "admin/agents/agentcopy/compared.html",
        {
            "base": base,
            "is_gone": bool(row.based_on) and shipped(row.based_on) is None,
            "budget": f"{BUDGET:,}",
            "sizes": sizes(agent, base=base),
            "warnings": warnings_on(agent, base=base),
            "changed": changed,
            "differs": line_changes(base.instructions, agent.instructions) if row.instructions else [],
        },
    )


def has_moved(row: AgentCopy) -> bool:
    """Whether the shipped instructions are others than when these were written. What was not edited follows them."""
    return bool(row.instructions) and row.shipped_instructions != base_of(row.based_on).instructions


def edited(row: AgentCopy) -> str:
    """What a row says otherwise, in words."""
    said = [name for name in TEXTS if getattr(row, name)]
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
