"""Values that are worth a try, each with what it is good for. They are offered, never set by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agents.models import LanguageModel
from agents.setting_changes import Number
from agents.setting_ranges import Range, SettingName, SettingValues
from agents.settings_resolution import EffectiveSetting, built_in
from settings_ui.said import number

_ROOMY = 32_000
_OF_A_MINUTE = 0.8
"""Where cached input is free, a roomy token limit costs little, up to 80 % of a minute's limit: beyond that one cold
call waits too long (means of simulated conversations)."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    value: str
    shown: str
    good_for: str


def recommended(setting: EffectiveSetting, *, bounds: Range, model: LanguageModel) -> list[Recommendation]:
    """Only what can take effect for this model under the admin's rules."""
    offered = _offered(bounds.name, model)
    lowest, highest = setting.minimum or 0, math.inf if setting.maximum is None else setting.maximum
    return [
        Recommendation(value=str(value), shown=number(bounds, value), good_for=good_for)
        for value, good_for in offered
        if lowest <= value <= highest
    ]


def _offered(name: SettingName, model: LanguageModel) -> list[tuple[Number, str]]:
    defaults = built_in(model)
    if name == "max_output_tokens":
        return _token_limits(defaults, model)
    if name == "temperature":
        return [(0.2, "facts and tools"), (0.7, "most work"), (1.0, "free writing")]
    if name == "max_iterations":
        return [(5, "quick answers"), (defaults.max_iterations, "most work"), (25, "long research")]
    return []


def _token_limits(defaults: SettingValues, model: LanguageModel) -> list[tuple[Number, str]]:
    safe = (defaults.max_output_tokens, "a safe start")
    pool = model.pool
    if pool is None or not pool.input_tokens_per_minute or pool.count_cached_input:
        return [safe]
    roomy = min(_ROOMY, int(pool.input_tokens_per_minute * _OF_A_MINUTE))
    return [safe, (roomy, "long conversations")] if roomy > safe[0] else [safe]
