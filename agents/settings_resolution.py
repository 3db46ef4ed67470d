"""The settings that a turn runs with, and where each value comes from.

There is one resolution: built-in default → the organisation's row (an admin's) → the user's row. A row's empty field
inherits. A change applies from the next turn on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.refusals import VersionConflict
from agents.models import AgentConfig, LanguageModel, Provider, Wire
from agents.setting_changes import validated
from agents.setting_ranges import (
    ANTHROPIC_DEFAULTS,
    CUSTOM_DEFAULTS,
    OPENAI_DEFAULTS,
    RANGES,
    SettingName,
    SettingValues,
)

Source = Literal["default", "organisation", "user"]


@dataclass(frozen=True, kw_only=True)
class EffectiveSettings:
    """Complete values with their provenance.

    `version` grows from 0 with every change of the row that a save would write: the user's own, or (without a user) the
    organisation's.
    """

    values: SettingValues
    sources: Mapping[SettingName, Source]
    version: int

    def as_dict(self) -> dict[str, Any]:
        """JSON for the turn's snapshot and the API: `{values: {name: {value, source}}, version}`."""
        values = {name: {"value": value, "source": self.sources[name]} for name, value in _items(self.values)}
        return {"values": values, "version": self.version}


def built_in(model: LanguageModel) -> SettingValues:
    """The product's safe defaults: by wire, but conservative for every gateway that we do not know."""
    provider = model.provider
    if provider.auth == Provider.Auth.OAUTH2 or provider.kind == Provider.Kind.OPENAI_COMPATIBLE:
        return CUSTOM_DEFAULTS
    return ANTHROPIC_DEFAULTS if model.wire == Wire.ANTHROPIC_MESSAGES else OPENAI_DEFAULTS


def effective(*, user: User | None, model: LanguageModel) -> EffectiveSettings:
    """One query, if `model` comes with its provider. Without a user: what everyone starts from."""
    return effective_for_all(user=user, models=[model])[0]


def effective_for_all(*, user: User | None, models: Sequence[LanguageModel]) -> list[EffectiveSettings]:
    """One query for all `models`, in their order."""
    rows = AgentConfig.objects.filter(Q(user=None) | Q(user=user), model__in=models)
    found = {(row.model_id, row.user_id): row for row in rows}
    return [_resolve(model, user=user, rows=found) for model in models]


def save(
    *, user: User | None, model: LanguageModel, changes: Mapping[Any, object], if_match: int | None = None
) -> EffectiveSettings:
    """Store what `changes` names in the row of `user` (None: the organisation's); None as a value inherits again.

    InvalidRequest names bad fields. VersionConflict if the row's version is no longer `if_match`. Either changes
    nothing.
    """
    return _write(user=user, model=model, values=validated(changes), if_match=if_match)


def reset(
    *, user: User | None, model: LanguageModel, names: Iterable[SettingName] | None = None, if_match: int | None = None
) -> EffectiveSettings:
    """Inherit again: the named settings, or all. The row stays, so that its version never counts from the start."""
    chosen = [bounds.name for bounds in RANGES] if names is None else list(names)
    return _write(user=user, model=model, values=dict.fromkeys(chosen), if_match=if_match)


@transaction.atomic
def _write(
    *, user: User | None, model: LanguageModel, values: Mapping[SettingName, Any], if_match: int | None
) -> EffectiveSettings:
    rows = AgentConfig.objects.select_for_update()
    row, created = rows.get_or_create(model=model, user=user, defaults={"version": 0})
    if if_match is not None and row.version != if_match:
        raise VersionConflict(
            "These settings were changed elsewhere meanwhile, so nothing was saved. Look at the values of now, then "
            "save again.",
            params={"version": row.version},
        )
    if any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        row.save()
    elif created:
        row.delete()
    return effective(user=user, model=model)


def _resolve(
    model: LanguageModel, *, user: User | None, rows: Mapping[tuple[Any, Any], AgentConfig]
) -> EffectiveSettings:
    layers: list[tuple[Source, AgentConfig | None]] = [("organisation", rows.get((model.pk, None)))]
    if user is not None:
        layers.append(("user", rows.get((model.pk, user.pk))))
    values: dict[str, Any] = {}
    sources: dict[SettingName, Source] = {}
    for name, built_in_value in _items(built_in(model)):
        values[name], sources[name] = built_in_value, "default"
        for source, row in layers:
            value = None if row is None else getattr(row, name)
            if value is not None:
                values[name], sources[name] = value, source
    written = layers[-1][1]
    version = 0 if written is None else written.version
    return EffectiveSettings(values=SettingValues(**values), sources=sources, version=version)


def _items(values: SettingValues) -> list[tuple[SettingName, Any]]:
    stored = asdict(values)
    return [(bounds.name, stored[bounds.name]) for bounds in RANGES]
