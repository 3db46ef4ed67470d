"""Desired agents against the rows that are there. A block says everything: what it leaves out is as shipped."""

from __future__ import annotations

from django.utils import timezone

from agents.agent_edits import ALWAYS, TEXTS, kept, name_fault, slug_fault, tool_names
from agents.configuration.agent_block import AgentBlock
from agents.configuration.changes import Plan
from agents.configuration.refusal import Path
from agents.configuration.stock import Stock
from agents.models import AgentCopy
from agents.roster import ROSTER, Agent, shipped

_SHIPPED = {agent.slug: agent.name for agent in ROSTER}


def plan_agent(block: AgentBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    found = stock.agents.get(block.slug)
    base = shipped(block.based_on or (found.based_on if found else block.slug))
    if base is None:
        plan.refuse((*path, "based_on"), f"must be one of {', '.join(_SHIPPED)}")
        return
    row = stock.agents[block.slug] = found or AgentCopy(slug=block.slug)
    wanted = {
        "based_on": base.slug,
        **kept({name: getattr(block, name) for name in TEXTS}, base=base),
        "tools_off": sorted(block.tools_off),
        "enabled": block.enabled,
    }
    _check(block, row=row, base=base, path=path, stock=stock, plan=plan)
    seen = row.shipped_instructions if wanted["instructions"] == row.instructions else base.instructions
    noted = {
        "shipped_instructions": seen if wanted["instructions"] else "",
        "version": row.version + (found is not None),
        "updated_at": timezone.now(),
    }
    plan.row(row, path=path, label=f"agent {block.slug}", created=found is None, wanted=wanted, noted=noted)


def _check(block: AgentBlock, *, row: AgentCopy, base: Agent, path: Path, stock: Stock, plan: Plan) -> None:
    """`row` is as it is stored: a tool of an older version that it lacks already is no mistake."""
    faults = {
        "slug": slug_fault(block.slug, base=base, shipped=_SHIPPED),
        "name": name_fault(block.name, is_copy=block.slug == base.slug, others=_others(block.slug, stock)),
    }
    unknown = [name for name in block.tools_off if name not in {*tool_names(base), *row.tools_off}]
    if unknown:
        why = f" ({ALWAYS} stays: no agent is without it)" if ALWAYS in unknown else ""
        faults["tools_off"] = f"names {unknown[0]}, which is no tool of {base.slug} that can be switched off{why}"
    for name, fault in faults.items():
        if fault:
            plan.refuse((*path, name), fault)


def _others(slug: str, stock: Stock) -> set[str]:
    """What the other agents are called."""
    edited = {row.slug: row.name for row in stock.agents.values() if row.name}
    return {name for other, name in (_SHIPPED | edited).items() if other != slug}
