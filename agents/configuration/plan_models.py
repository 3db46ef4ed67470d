"""Desired models of a provider against the rows that are there. What a model's block leaves out stays as it is."""

from __future__ import annotations

from typing import Any

from agents.configuration.changes import Plan
from agents.configuration.refusal import Path
from agents.configuration.schema import ModelBlock
from agents.configuration.stock import Stock
from agents.llm.model_families import capabilities_of
from agents.models import LanguageModel, Provider, RatePool, Wire
from agents.own_wire import own_wire
from agents.sandbox import served

_SIZES = ("context_window", "max_output_tokens")


def plan_model(
    block: ModelBlock, *, path: Path, provider: Provider, other_kind: bool, stock: Stock, plan: Plan
) -> None:
    """`other_kind`: the file makes the provider another kind, so that its models' wires are derived anew."""
    key = (provider.slug, block.id)
    found = stock.models.get(key)
    row = stock.models[key] = found or LanguageModel(provider=provider, model_id=block.id, name=block.id)
    wanted: dict[str, Any] = {
        name: getattr(block, name) if block.says(name) else getattr(row, name)
        for name in ("name", "enabled", "position", *_SIZES)
    }
    wanted["wire"] = block.wire or (row.wire if not other_kind else "") or _wire(provider.kind, block.id)
    if not wanted["wire"]:
        plan.refuse((*path, "wire"), f"is missing; write {' or '.join(Wire.values)}")
    if block.capabilities is not None:
        wanted["capabilities"] = block.capabilities.overrides()
    wanted["pool"] = _pool(block, row=row, path=path, stock=stock, plan=plan)
    for name in _SIZES:
        wanted[name] = wanted[name] or getattr(capabilities_of(wanted["wire"], block.id), name)
        if wanted[name] is None:
            plan.refuse((*path, name), "is missing, and the model is not one whose sizes are known here")
    plan.row(row, path=path, label=f"model {provider.slug}/{block.id}", created=found is None, wanted=wanted)


def _wire(kind: str, model_id: str) -> str:
    """ "" where only the file can say it: the sandbox speaks every wire."""
    if kind != Provider.Kind.SANDBOX:
        return own_wire(kind, model_id)
    if served.find_model(vendor="openai", model_id=model_id):
        return Wire.OPENAI_CHAT
    return Wire.ANTHROPIC_MESSAGES if served.find_model(vendor="anthropic", model_id=model_id) else ""


def _pool(block: ModelBlock, *, row: LanguageModel, path: Path, stock: Stock, plan: Plan) -> RatePool | None:
    if block.pool is None:
        return row.pool
    if not block.pool:
        return None
    pool = stock.pools.get((row.provider.slug, block.pool))
    if pool is None:
        plan.refuse((*path, "pool"), "is not the name of a pool of this provider")
    return pool
