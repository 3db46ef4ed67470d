"""What the settings tab shows about each setting: its range, its default, where its value comes from, what it means."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.forms import BoundField

from agents.models import LanguageModel, Wire
from agents.setting_changes import is_whole
from agents.setting_ranges import MAX_OUTPUT_TOKENS, RANGES, TEMPERATURE, Range
from agents.settings_resolution import EffectiveSettings, built_in
from settings_ui.forms import AgentConfigForm
from settings_ui.sliders import Slider, slider_of

_SOURCES = {
    "default": "the default",
    "organisation": "set by your organisation",
    "user": "set by you",
}
# As the adapter of this wire does it.
_CLAMPED = "This model takes 0 to 1. A higher value is kept here, and sent as 1."


@dataclass(frozen=True, kw_only=True)
class SettingCard:
    """`shown` is what the person saw last (the form carries it along). `pace` is where a rate limit gives the value a
    consequence."""

    bounds: Range
    field: BoundField
    slider: Slider
    shown: object
    span: str
    default: str
    source: str
    note: str
    pace: Pace | None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Input tokens a minute of the model's rate pool, and how many calls of the full size they are."""

    tokens_a_minute: int
    shown: str
    calls: int


def cards_of(form: AgentConfigForm, *, model: LanguageModel, resolved: EffectiveSettings) -> list[SettingCard]:
    values, defaults = asdict(resolved.values), asdict(built_in(model))
    return [
        SettingCard(
            bounds=bounds,
            field=form[bounds.name],
            slider=slider_of(bounds),
            shown=form.data.get(f"initial-{bounds.name}", values[bounds.name]),
            span=f"{_shown(bounds, bounds.minimum)} to {_shown(bounds, bounds.maximum)}",
            default=_shown(bounds, defaults[bounds.name]),
            source=_SOURCES[resolved.sources[bounds.name]],
            note=_CLAMPED if bounds is TEMPERATURE and model.wire == Wire.ANTHROPIC_MESSAGES else "",
            pace=_pace(model, resolved) if bounds is MAX_OUTPUT_TOKENS else None,
        )
        for bounds in RANGES
    ]


def _shown(bounds: Range, value: float) -> str:
    return f"{int(value):,}" if is_whole(bounds) else f"{value:g}" if value % 1 else f"{value:.1f}"


def _pace(model: LanguageModel, resolved: EffectiveSettings) -> Pace | None:
    pool = model.pool
    limit = pool and (pool.input_tokens_per_minute or pool.tokens_per_minute)
    if not limit:
        return None
    return Pace(tokens_a_minute=limit, shown=f"{limit:,}", calls=limit // resolved.values.max_output_tokens)
