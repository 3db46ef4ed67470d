"""What the settings tab shows about each setting: its range, where its value comes from, what it means, what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.forms import BoundField

from agents.models import LanguageModel
from agents.setting_changes import Value, from_text, must_be
from agents.setting_ranges import ALL_RANGES, Range, SettingName
from agents.settings_resolution import EffectiveSetting
from settings_ui.forms import AgentConfigForm
from settings_ui.recommendations import Recommendation, recommended
from settings_ui.said import number, said, span
from settings_ui.sliders import Slider, slider_of

Tone = Literal["own", "plain", "limited", "locked"]


@dataclass(frozen=True, kw_only=True)
class Badge:
    words: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one layer holds, such as "Default 8,192"."""

    name: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Somebody else changed the setting while the page was open. `value` fills in what is saved now."""

    before: str
    now: str
    value: str
    typed: bool


@dataclass(frozen=True, kw_only=True)
class SettingCard:
    """`allowed` is what may be stored, `saved` what is (the form carries it along). `zero` says what 0 stands for where
    that may be chosen, `follows` the number that it comes to now. `reset_to` is empty where there is nothing to reset.
    """

    bounds: Range
    allowed: Range
    field: BoundField
    slider: Slider
    saved: str
    saved_shown: str
    about: str
    zero: str
    is_zero: bool
    follows: str
    lowest: Value
    span: str
    must_be: str
    badges: list[Badge]
    kept: str
    layers: list[Layer]
    reset_to: str
    locked: bool
    unsent: bool
    recommended: list[Recommendation]
    moved: Moved | None
    changed: bool


def cards_of(
    form: AgentConfigForm, *, model: LanguageModel, imagined: Mapping[SettingName, EffectiveSetting]
) -> list[SettingCard]:
    """`imagined` are the settings as they would be with what the form holds."""
    return [_card(form, bounds, model=model, imagined=imagined[bounds.name]) for bounds in ALL_RANGES]


def _card(form: AgentConfigForm, bounds: Range, *, model: LanguageModel, imagined: EffectiveSetting) -> SettingCard:
    setting, allowed, field = form.own[bounds.name], form.own.allowed(bounds.name), form[bounds.name]
    return SettingCard(
        bounds=bounds,
        allowed=allowed,
        field=field,
        slider=slider_of(allowed),
        saved=str(form.data.get(f"initial-{bounds.name}", setting.stored)),
        saved_shown=said(bounds, setting.stored),
        about=bounds.description.removesuffix(f" 0: {bounds.zero_means}."),
        zero=allowed.zero_means,
        is_zero=bool(allowed.zero_means) and str(field.value()) == "0",
        follows=number(bounds, imagined.value) if imagined.stored == 0 and imagined.value else "",
        lowest=max(allowed.minimum, 1),
        span=span(allowed),
        must_be=must_be(allowed),
        badges=_badges(imagined),
        kept=_kept(bounds, imagined),
        layers=_layers(bounds, setting),
        reset_to=_reset_to(bounds, setting),
        locked=setting.locked,
        unsent=setting.value is None,
        recommended=recommended(setting, bounds=bounds, model=model),
        moved=_moved(form, bounds, setting),
        changed=bounds.name in form.touched,
    )


def _badges(setting: EffectiveSetting) -> list[Badge]:
    """The setting's note, part by part."""
    return [Badge(words=part, tone=_tone(part, setting)) for part in setting.note.split("; ")]


def _tone(part: str, setting: EffectiveSetting) -> Tone:
    if part.startswith("locked"):
        return "locked"
    if part.startswith(("limited", "not sent")):
        return "limited"
    return "own" if setting.layer == "user" else "plain"


def _kept(bounds: Range, setting: EffectiveSetting) -> str:
    """Where something else takes effect than what somebody set: that what they set stays."""
    if setting.source != "limited" or setting.layer == "default":
        return ""
    whose = "Your" if setting.layer == "user" else "Your organisation's"
    return f"{whose} {said(bounds, setting.stored)} is kept."


def _layers(bounds: Range, setting: EffectiveSetting) -> list[Layer]:
    if setting.layer == "default" and setting.default == 0 and bounds.zero_means:
        return []  # what the radio button beside it says
    held = [("Default", setting.default), ("Organisation", setting.organisation), ("Yours", setting.own)]
    return [Layer(name=name, shown=said(bounds, value)) for name, value in held if value is not None]


def _reset_to(bounds: Range, setting: EffectiveSetting) -> str:
    if setting.own is None or setting.locked:
        return ""
    return said(bounds, setting.default if setting.organisation is None else setting.organisation)


def _moved(form: AgentConfigForm, bounds: Range, setting: EffectiveSetting) -> Moved | None:
    if bounds.name not in form.moved:
        return None
    before = from_text(bounds, form.moved[bounds.name])
    return Moved(
        before=before if isinstance(before, str) else said(bounds, before),
        now=said(bounds, setting.stored),
        value=str(setting.stored),
        typed=bounds.name in form.touched,
    )
