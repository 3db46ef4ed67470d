"""Copying one's own settings to other models: which there are, what each would leave out, and what a copy did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.models import LanguageModel
from agents.setting_changes import Value
from agents.setting_ranges import ALL_SETTINGS, SETTING_OF, SettingName
from agents.setting_rules import refused, rules_of
from agents.settings_resolution import Copied, effective_for_all
from settings_ui.own_settings import OwnSettings
from settings_ui.said import said


@dataclass(frozen=True, kw_only=True)
class Target:
    """`replaced` and `left_out` in words; empty where there is nothing to say."""

    model: LanguageModel
    replaced: str
    left_out: str


def named(values: Mapping[SettingName, Value]) -> str:
    """Temperature 0.3, Max Iterations 5"""
    return ", ".join(f"{one.label} {said(one, values[one.name])}" for one in ALL_SETTINGS if one.name in values)


def targets_of(own: OwnSettings, models: Sequence[LanguageModel]) -> list[Target]:
    """Every other model, with what a copy would do there. Three queries."""
    others = [model for model in models if model.pk != own.model.pk]
    rules, settings = rules_of(others), effective_for_all(user=own.user, models=others)
    targets = []
    for model, resolved in zip(others, settings, strict=True):
        skipped = refused(own.own, model=model, rules=rules, of_user=True)
        there = {name: one.own for name, one in resolved.settings.items() if one.own is not None}
        replaced = {name: value for name, value in there.items() if name in own.own and name not in skipped}
        targets.append(Target(model=model, replaced=named(replaced), left_out=_reasons(skipped)))
    return targets


def what_was_copied(own: OwnSettings, copied: Sequence[Copied]) -> str:
    names = " and ".join(filter(None, [", ".join(str(one.model.name) for one in copied[:-1]), copied[-1].model.name]))
    left_out = [f" {one.model.name} does without {_reasons(one.skipped)}." for one in copied if one.skipped]
    return f"Copied to {names}: {named(own.own)}.{''.join(left_out)} It applies from the next turn on."


def _reasons(skipped: Mapping[SettingName, str]) -> str:
    return "; ".join(f"{SETTING_OF[name].label} ({reason})" for name, reason in skipped.items())
