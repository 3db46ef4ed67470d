"""Desired settings of the organisation and rules for its users against the rows that are there."""

from __future__ import annotations

from agents.configuration.changes import Columns, Plan, SettingsChange, told_differences
from agents.configuration.refusal import Path
from agents.configuration.schema import AgentConfigBlock, SettingRuleBlock
from agents.configuration.stock import Stock
from agents.models import LanguageModel, SettingRule
from agents.setting_ranges import SETTING_OF


def plan_agent_config(block: AgentConfigBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    model = _model(block.provider, block.model, path=path, stock=stock, plan=plan)
    if model is None:
        return
    row = stock.configs.get(model.pk)
    before: Columns = {name: getattr(row, name, None) for name in SETTING_OF}
    values = block.values()
    if before == values:
        plan.same += 1
        return
    plan.changes.append(
        SettingsChange(
            path=path,
            label=f"agent_config {block.provider}/{block.model}",
            model=model,
            created=row is None,
            values=values,
            differences=told_differences(before, {str(name): value for name, value in values.items()}),
        )
    )


def plan_rule(block: SettingRuleBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    model = None
    if block.provider is not None and block.model is not None:
        model = _model(block.provider, block.model, path=path, stock=stock, plan=plan)
        if model is None:
            return
    found = stock.rules.get((model.pk if model else None, block.setting))
    row = found or SettingRule(model=model, setting=block.setting)
    where = f"{block.provider}/{block.model}" if model else "every model"
    wanted = {"locked": block.locked, "minimum": block.minimum, "maximum": block.maximum}
    plan.row(row, path=path, label=f"setting_rule {block.setting} of {where}", created=found is None, wanted=wanted)


def _model(slug: str, model_id: str, *, path: Path, stock: Stock, plan: Plan) -> LanguageModel | None:
    if slug not in stock.providers:
        plan.refuse((*path, "provider"), "is not the slug of a provider, neither in this file nor in the database")
        return None
    model = stock.models.get((slug, model_id))
    if model is None:
        plan.refuse((*path, "model"), "is not the id of a model of this provider, neither here nor in the database")
    return model
