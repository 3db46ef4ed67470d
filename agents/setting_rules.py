"""What an admin allows (`SettingRule`: locks and narrower ranges), and up to where a setting makes sense for a model.

A rule for a model goes before the rule for all models, as a whole. What is in force is always within the rule, also the
organisation's own value and the default; what is stored stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q, UUIDField

from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel, SettingRule
from agents.prepared import Select, Slot
from agents.setting_changes import Changes, Number, checked, is_whole
from agents.setting_ranges import NO_CAP, SETTING_OF, Choice, Range, Setting, SettingName

Rules = Mapping[tuple[Any, str], SettingRule]
"""By the model's primary key (None: all models) and the setting."""

LOCKED = "locked by your organisation"


def rules_of(models: Iterable[LanguageModel]) -> Rules:
    """One query for all `models`."""
    return _by_place(SettingRule.objects.filter(Q(model=None) | Q(model__in=list(models))))


def rules_of_one(model: LanguageModel) -> Rules:
    return _by_place(_RULES_OF.all(model=model.pk))


_RULES_OF = Select(lambda: SettingRule.objects.filter(Q(model=None) | Q(model=Slot("model", UUIDField()))))


def _by_place(rows: Iterable[SettingRule]) -> Rules:
    return {(row.model_id, row.setting): row for row in rows}


def rule_for(rules: Rules, *, model: LanguageModel, name: SettingName) -> SettingRule | None:
    return rules.get((model.pk, name)) or rules.get((None, name))


def ruled(bounds: Range, rule: SettingRule | None) -> Range:
    """`bounds` as the rule narrows it. Where a cap has a highest value, "no cap" is above it."""
    if rule is None:
        return bounds
    minimum = _inside(bounds, bounds.minimum if rule.minimum is None else rule.minimum)
    maximum = _inside(bounds, bounds.maximum if rule.maximum is None else rule.maximum)
    if is_whole(bounds):
        minimum, maximum = math.ceil(minimum), math.floor(maximum)
    if bounds.zero_means == NO_CAP and rule.maximum is not None and maximum > 0:
        bounds, minimum = replace(bounds, zero_means=""), max(1, minimum)
    return replace(bounds, minimum=minimum, maximum=max(minimum, maximum))


def model_maximum(model: LanguageModel, name: SettingName) -> Number | None:
    """The highest value that has a meaning for the model; None where it says nothing about the setting."""
    if name == "temperature":
        able = capabilities_for(model)
        return able.temperature_max if able.temperature == "range" else None
    if name in ("max_output_tokens", "context_token_limit"):
        return model.context_window
    return model.max_output_tokens if name == "response_token_limit" else None


def storable(bounds: Range, rule: SettingRule | None, *, model: LanguageModel) -> Range:
    """What may be stored. The two advanced limits end at the model's sizes; other settings only take effect as far as
    the model goes, because they are asked for in the same words of every model."""
    allowed = ruled(bounds, rule)
    size = model_maximum(model, bounds.name)
    if bounds.name not in ("context_token_limit", "response_token_limit") or size is None:
        return allowed
    return replace(allowed, maximum=max(allowed.minimum, min(allowed.maximum, size)))


def refused(changes: Changes, *, model: LanguageModel, rules: Rules, of_user: bool) -> dict[SettingName, str]:
    """The changes that are not allowed, each with the reason. A lock binds users, not the organisation itself."""
    faults: dict[SettingName, str] = {}
    for name, value in changes.items():
        rule = rule_for(rules, model=model, name=name)
        if of_user and rule is not None and rule.locked:
            faults[name] = LOCKED
            continue
        try:
            setting = SETTING_OF[name]
            checked(setting if isinstance(setting, Choice) else storable(setting, rule, model=model), value)
        except ValueError as error:
            faults[name] = str(error)
    return faults


def rule_faults(*, setting: str, minimum: object, maximum: object) -> dict[str, str]:
    """What is wrong with the ends of a rule, by the field's name; None is an end that stays open."""
    ruled_setting: Setting | None = SETTING_OF.get(setting)  # type: ignore[call-overload]
    if ruled_setting is None:
        return {"setting": "is not a setting"}
    faults = {}
    for field, value in (("minimum", minimum), ("maximum", maximum)):
        fault = None if value is None else _end_fault(ruled_setting, value)
        if fault:
            faults[field] = fault
    if not faults and minimum is not None and maximum is not None and minimum > maximum:  # type: ignore[operator]
        faults["maximum"] = "must not be below the minimum"
    return faults


def _end_fault(bounds: Setting, value: object) -> str | None:
    if isinstance(bounds, Choice):
        return "must be left out: a choice has no range and can only be locked"
    # The column holds floats: 5000.0 is the whole number that was entered.
    whole = int(value) if is_whole(bounds) and isinstance(value, float) and value.is_integer() else value
    try:
        checked(replace(bounds, zero_means=""), whole)
    except ValueError as error:
        return str(error)
    return None


def _inside(bounds: Range, value: float) -> float:
    return min(max(value, bounds.minimum), bounds.maximum)
