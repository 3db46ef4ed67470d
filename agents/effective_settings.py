"""The settings in force for one model, each with where it comes from and what limits it. Pure: rows in, values out.

Built-in default → the organisation's row → the user's row; then the admin's rule, then what the model can do. A locked
setting skips the user's row. This is the one place that decides; the tab, the API, the admin, the turn's snapshot and
the request that is sent all show its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from agents.llm.capabilities import Capabilities
from agents.model_capabilities import capabilities_for
from agents.models import AgentConfig, LanguageModel, Provider, SettingRule, Wire
from agents.setting_changes import Number, Value, is_whole
from agents.setting_ranges import (
    ALL_RANGES,
    ALL_SETTINGS,
    ANTHROPIC_DEFAULTS,
    AS_MAX_OUTPUT_TOKENS,
    CUSTOM_DEFAULTS,
    OPENAI_DEFAULTS,
    Choice,
    Range,
    SettingName,
    SettingValues,
)
from agents.setting_rules import LOCKED, Rules, model_maximum, rule_for, ruled

Layer = Literal["default", "organisation", "user"]
Source = Literal["default", "organisation", "user", "limited"]
_NOTES: Mapping[Layer, str] = {
    "default": "default",
    "organisation": "set by your organisation",
    "user": "your setting",
}


@dataclass(frozen=True, kw_only=True)
class EffectiveSetting:
    """`value` is what takes effect; None: nothing is sent. `note` says why in a few words.

    `stored` is what the winning `layer` holds; `default`, `organisation` and `own` are what each layer holds.
    `minimum` and `maximum` are what can take effect for this model under the admin's rules; of a choice, `choices` are
    (in words, without the empty one).
    """

    value: Value | None
    source: Source
    note: str
    stored: Value
    default: Value
    organisation: Value | None
    own: Value | None
    locked: bool
    minimum: Number | None = None
    maximum: Number | None = None
    choices: tuple[str, ...] = ()
    layer: Layer

    def as_dict(self) -> dict[str, Any]:
        told = vars(self) | {"choices": list(self.choices)}
        del told["layer"]
        return told


@dataclass(frozen=True, kw_only=True)
class EffectiveSettings:
    """`version` grows from 0 with every change of the row that a save would write: the user's own, or (without a user)
    the organisation's."""

    settings: Mapping[SettingName, EffectiveSetting]
    version: int

    @property
    def values(self) -> SettingValues:
        """What takes effect. The two limits are numbers of tokens here, never 0."""
        return SettingValues(**{name: setting.value for name, setting in self.settings.items()})  # type: ignore[arg-type]

    @property
    def stored(self) -> SettingValues:
        """What the winning layers hold: what a form shows, so that saving it again changes nothing."""
        return SettingValues(**{name: setting.stored for name, setting in self.settings.items()})  # type: ignore[arg-type]

    @property
    def sources(self) -> dict[SettingName, Layer]:
        """Whose value each stored one is."""
        return {name: setting.layer for name, setting in self.settings.items()}

    def as_dict(self) -> dict[str, Any]:
        """JSON for the turn's snapshot and the API: `{values: {name: {value, source, note, ...}}, version}`."""
        return {"values": {name: one.as_dict() for name, one in self.settings.items()}, "version": self.version}


def values_of(snapshot: Mapping[str, Any]) -> SettingValues:
    """What takes effect, out of what `EffectiveSettings.as_dict` gave."""
    return SettingValues(**{name: setting["value"] for name, setting in snapshot["values"].items()})


def built_in(model: LanguageModel) -> SettingValues:
    """The product's safe defaults: by wire, but conservative for every gateway that we do not know."""
    provider = model.provider
    if provider.auth == Provider.Auth.OAUTH2 or provider.kind == Provider.Kind.OPENAI_COMPATIBLE:
        return CUSTOM_DEFAULTS
    return ANTHROPIC_DEFAULTS if model.wire == Wire.ANTHROPIC_MESSAGES else OPENAI_DEFAULTS


def resolve(
    model: LanguageModel, *, organisation: AgentConfig | None, own: AgentConfig | None, rules: Rules
) -> dict[SettingName, EffectiveSetting]:
    """`model` comes with its provider, `rules` with at least those of this model and those of all."""
    defaults = built_in(model)
    settings: dict[SettingName, EffectiveSetting] = {}
    for setting in ALL_SETTINGS:
        name = setting.name
        layers = _Layers(
            default=getattr(defaults, name),
            organisation=getattr(organisation, name, None),
            own=getattr(own, name, None),
        )
        rule = rule_for(rules, model=model, name=name)
        if isinstance(setting, Choice):
            settings[name] = _chosen(layers, locked=rule is not None and rule.locked, model=model)
        else:
            followed = settings["max_output_tokens"].value if setting.zero_means == AS_MAX_OUTPUT_TOKENS else None
            settings[name] = _one(setting, layers, rule=rule, model=model, followed=followed)
    return settings | _sharing_the_window(settings, model)


@dataclass(frozen=True, kw_only=True)
class _Layers:
    default: Value
    organisation: Value | None
    own: Value | None

    def winning(self, *, locked: bool) -> tuple[Layer, Value]:
        if self.own is not None and not locked:
            return "user", self.own
        return ("default", self.default) if self.organisation is None else ("organisation", self.organisation)


def _one(
    bounds: Range, layers: _Layers, *, rule: SettingRule | None, model: LanguageModel, followed: Value | None
) -> EffectiveSetting:
    locked = rule is not None and rule.locked
    layer, stored = layers.winning(locked=locked)
    follows = followed is not None and stored == 0
    wanted = cast(Number, followed if follows else stored)
    allowed = ruled(bounds, rule)
    value, limit = _limited(allowed, wanted, model=model)
    base = LOCKED if locked else AS_MAX_OUTPUT_TOKENS if follows else ""
    note = "; ".join(part for part in (base, limit) if part) or _NOTES[layer]
    size = model_maximum(model, bounds.name)
    maximum = allowed.maximum if size is None else min(allowed.maximum, size)
    return EffectiveSetting(
        value=value,
        source="limited" if limit else layer,
        note=note,
        stored=stored,
        **vars(layers),
        locked=locked,
        minimum=_number(bounds, min(allowed.minimum, maximum)),
        maximum=_number(bounds, maximum),
        layer=layer,
    )


def _chosen(layers: _Layers, *, locked: bool, model: LanguageModel) -> EffectiveSetting:
    """The thinking effort. One that the model does not have stays stored and is not sent."""
    layer, stored = layers.winning(locked=locked)
    able = capabilities_for(model)
    unsent = "" if stored in ("", *able.efforts) else _no_effort(able, str(stored))
    return EffectiveSetting(
        value=None if unsent else stored,
        source="limited" if unsent else layer,
        note="; ".join(part for part in (LOCKED if locked else "", unsent) if part) or _NOTES[layer],
        stored=stored,
        **vars(layers),
        locked=locked,
        choices=able.efforts,
        layer=layer,
    )


def _no_effort(able: Capabilities, wanted: str) -> str:
    if able.efforts:
        return f"not sent: this model has no effort “{wanted}”"
    if not able.known:
        return "not sent: it is not known whether this model takes an effort"
    return "not sent: this model takes no effort"


def _limited(allowed: Range, wanted: Number, *, model: LanguageModel) -> tuple[Number | None, str]:
    """What remains of the wanted value, and what limits it ("" if nothing does)."""
    value = _clamped(allowed, wanted)
    limit = "" if value == wanted else f"limited by your organisation: {_shown(allowed, value)}"
    if allowed.name == "temperature" and (unsent := _unsent(model)):
        return None, unsent
    size = model_maximum(model, allowed.name)
    if size is not None and value > size:
        return _number(allowed, size), _limited_by_the_model(allowed, size, model=model)
    return value, limit


def _clamped(allowed: Range, wanted: Number) -> Number:
    if wanted == 0 and allowed.zero_means:
        return wanted
    if wanted == 0 and allowed.advanced:
        return _number(allowed, allowed.maximum)  # "no cap" is above every cap
    return _number(allowed, min(max(wanted, allowed.minimum), allowed.maximum))


def _unsent(model: LanguageModel) -> str:
    able = capabilities_for(model)
    if able.temperature == "range":
        return ""
    if not able.known:
        return "not sent: it is not known whether this model takes a temperature"
    only = "takes its own default only" if able.temperature == "default_only" else "takes no temperature"
    return f"not sent: this model {only}"


def _limited_by_the_model(bounds: Range, value: Number, *, model: LanguageModel) -> str:
    is_guess = bounds.name == "temperature" and not capabilities_for(model).known
    guess = " (it is not known whether this model takes more)" if is_guess else ""
    return f"limited by the model: {_shown(bounds, value)}{guess}"


def _sharing_the_window(
    settings: Mapping[SettingName, EffectiveSetting], model: LanguageModel
) -> dict[SettingName, EffectiveSetting]:
    """Input and reply share the model's window, so that no call can be over it; the reply gets at most half of it where
    they want more."""
    window = model.context_window
    limits = {bounds.name: bounds for bounds in ALL_RANGES if bounds.zero_means == AS_MAX_OUTPUT_TOKENS}
    context, reply = (cast(int, settings[name].value) for name in limits)
    room = max(1, min(context, max(window - reply, window // 2)))
    shared = dict(zip(limits, (room, max(1, min(reply, window - room))), strict=True))
    return {
        name: replace(
            settings[name],
            value=value,
            source="limited",
            note=_with_limit(settings[name], _limited_by_the_model(limits[name], value, model=model)),
        )
        for name, value in shared.items()
        if value != settings[name].value
    }


def _with_limit(setting: EffectiveSetting, limit: str) -> str:
    kept = [part for part in setting.note.split("; ") if part in (LOCKED, AS_MAX_OUTPUT_TOKENS)]
    return "; ".join([*kept, limit])


def _number(bounds: Range, value: Number) -> Number:
    return int(value) if is_whole(bounds) else float(value)


def _shown(bounds: Range, value: Number) -> str:
    return f"{int(value):,}" if is_whole(bounds) else str(float(value))
