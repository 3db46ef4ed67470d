"""What differs from the built-in defaults, and who made it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.setting_changes import Value
from agents.setting_ranges import ALL_SETTINGS, Setting, SettingName
from agents.settings_resolution import EffectiveSetting
from settings_ui.said import said


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Each value in words; empty where a layer says nothing."""

    label: str
    default: str
    organisation: str
    own: str
    in_effect: str


def differences(settings: Mapping[SettingName, EffectiveSetting]) -> list[Difference]:
    """The settings whose stored value is not the default, or where the default does not take effect."""
    found = [(bounds, settings[bounds.name]) for bounds in ALL_SETTINGS]
    return [
        Difference(
            label=bounds.label,
            default=said(bounds, setting.default),
            organisation=_or_nothing(bounds, setting.organisation),
            own=_or_nothing(bounds, setting.own),
            in_effect="not sent" if setting.value is None else said(bounds, setting.value),
        )
        for bounds, setting in found
        if _differs(setting)
    ]


def _differs(setting: EffectiveSetting) -> bool:
    has_layers = setting.organisation is not None or setting.own is not None
    return has_layers or setting.stored != setting.default or setting.source == "limited"


def _or_nothing(setting: Setting, value: Value | None) -> str:
    return "" if value is None else said(setting, value)
