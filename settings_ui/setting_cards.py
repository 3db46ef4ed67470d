"""What the settings tab shows about each setting: its range, where its value comes from, what it means, what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.forms import BoundField

from agents.llm.capabilities import Capabilities
from agents.models import LanguageModel
from agents.setting_changes import Value, from_text, must_be
from agents.setting_ranges import Choice, Range, Setting, SettingName
from agents.settings_resolution import EffectiveSetting
from settings_ui.forms import AgentConfigForm
from settings_ui.recommendations import Recommendation, recommended
from settings_ui.said import said, span
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
class Card:
    """`saved` is what is stored (the form carries it along). `reset_to` is empty where there is nothing to reset."""

    setting: Setting
    field: BoundField
    saved: str
    saved_shown: str
    badges: list[Badge]
    kept: str
    layers: list[Layer]
    reset_to: str
    locked: bool
    is_set: bool
    moved: Moved | None
    changed: bool


@dataclass(frozen=True, kw_only=True)
class NumberCard(Card):
    """`allowed` is what may be stored. `zero` says what 0 stands for where that may be chosen, `follows` the number
    that it comes to now."""

    allowed: Range
    slider: Slider
    about: str
    zero: str
    is_zero: bool
    follows: str
    lowest: Value
    span: str
    must_be: str
    unsent: bool
    recommended: list[Recommendation]


@dataclass(frozen=True, kw_only=True)
class Option:
    """`words` are what a person reads for the `value` that the form sends."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class ChoiceCard(Card):
    """`nothing` says why there is nothing to choose; empty where there is."""

    options: list[Option]
    nothing: str


def number_cards(
    form: AgentConfigForm,
    bounds: Iterable[Range],
    *,
    model: LanguageModel,
    imagined: Mapping[SettingName, EffectiveSetting],
) -> list[NumberCard]:
    """`imagined` are the settings as they would be with what the form holds."""
    return [_number_card(form, one, model=model, imagined=imagined[one.name]) for one in bounds]


def choice_card(form: AgentConfigForm, choice: Choice, *, able: Capabilities, imagined: EffectiveSetting) -> ChoiceCard:
    """`able` is what the model can do. What is stored stays among the options, so that saving changes nothing."""
    shown = str(form[choice.name].value() or "")
    words = [word for word in choice.words if word in (*imagined.choices, shown)]
    by_itself = choice.empty_means.removeprefix("the ").capitalize()
    by_itself += f" ({able.default_effort})" if able.default_effort else ""
    options = [Option(value="", words=by_itself, chosen=not shown)]
    options += [Option(value=word, words=_option(word, imagined), chosen=word == shown) for word in words]
    return ChoiceCard(**_common(form, choice, imagined), options=options, nothing=_nothing(able))


def _option(word: str, setting: EffectiveSetting) -> str:
    return word if word in setting.choices else f"{word} (not sent)"


def _nothing(able: Capabilities) -> str:
    if able.efforts:
        return ""
    known = "This model has no effort to choose" if able.known else "It is not known whether this model takes an effort"
    return f"{known}, so none is sent."


def _number_card(
    form: AgentConfigForm, bounds: Range, *, model: LanguageModel, imagined: EffectiveSetting
) -> NumberCard:
    setting, allowed, field = form.own[bounds.name], form.own.allowed(bounds), form[bounds.name]
    follows = imagined.value if imagined.stored == 0 else None
    return NumberCard(
        **_common(form, bounds, imagined),
        allowed=allowed,
        slider=slider_of(allowed),
        about=bounds.description.removesuffix(f" 0: {bounds.zero_means}."),
        zero=allowed.zero_means,
        is_zero=bool(allowed.zero_means) and str(field.value()) == "0",
        follows=said(bounds, follows) if follows else "",
        lowest=max(allowed.minimum, 1),
        span=span(allowed),
        must_be=must_be(allowed),
        unsent=setting.value is None,
        recommended=recommended(setting, bounds=bounds, model=model),
    )


def _common(form: AgentConfigForm, setting: Setting, imagined: EffectiveSetting) -> dict[str, Any]:
    """The fields of `Card`."""
    saved = form.own[setting.name]
    return {
        "setting": setting,
        "field": form[setting.name],
        "saved": str(form.data.get(f"initial-{setting.name}", saved.stored)),
        "saved_shown": said(setting, saved.stored),
        "badges": _badges(imagined),
        "kept": _kept(setting, imagined),
        "layers": _layers(setting, saved),
        "reset_to": _reset_to(setting, saved),
        "locked": saved.locked,
        "is_set": saved.own is not None or saved.organisation is not None,
        "moved": _moved(form, setting, saved),
        "changed": setting.name in form.touched,
    }


def _badges(setting: EffectiveSetting) -> list[Badge]:
    """The setting's note, part by part."""
    return [Badge(words=part, tone=_tone(part, setting)) for part in setting.note.split("; ")]


def _tone(part: str, setting: EffectiveSetting) -> Tone:
    if part.startswith("locked"):
        return "locked"
    if part.startswith(("limited", "not sent")):
        return "limited"
    return "own" if setting.layer == "user" else "plain"


def _kept(of: Setting, setting: EffectiveSetting) -> str:
    """Where something else takes effect than what somebody set: that what they set stays."""
    if setting.source != "limited" or setting.layer == "default":
        return ""
    whose = "Your" if setting.layer == "user" else "Your organisation's"
    return f"{whose} {said(of, setting.stored)} is kept."


def _layers(of: Setting, setting: EffectiveSetting) -> list[Layer]:
    if setting.layer == "default" and setting.default in (0, ""):
        return []  # what the radio button beside it says
    held = [("Default", setting.default), ("Organisation", setting.organisation), ("Yours", setting.own)]
    said_layers = [(name, value) for name, value in held if value is not None and (name, value) != ("Default", "")]
    return [Layer(name=name, shown=said(of, value)) for name, value in said_layers]


def _reset_to(of: Setting, setting: EffectiveSetting) -> str:
    if setting.own is None or setting.locked:
        return ""
    return said(of, setting.default if setting.organisation is None else setting.organisation)


def _moved(form: AgentConfigForm, of: Setting, setting: EffectiveSetting) -> Moved | None:
    if of.name not in form.moved:
        return None
    before = from_text(of, form.moved[of.name])
    return Moved(
        before=before if isinstance(of, Range) and isinstance(before, str) else said(of, before),
        now=said(of, setting.stored),
        value=str(setting.stored),
        typed=of.name in form.touched,
    )
