"""The settings that a turn runs with: read for one model or many, saved, reset, copied.

What is in force, and why, is decided in `effective_settings`. A row's empty field inherits. A change applies from the
next turn on, and is in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, UUIDField

from accounts.audit import record
from accounts.models import AuditEntry, User
from accounts.refusals import InvalidRequest, VersionConflict
from agents.effective_settings import EffectiveSetting, EffectiveSettings, Layer, Source, built_in, resolve
from agents.models import AgentConfig, LanguageModel
from agents.prepared import Select, Slot
from agents.setting_changes import Changes, Value, validated
from agents.setting_ranges import ALL_SETTINGS, SettingName
from agents.setting_rules import Rules, refused, rules_of, rules_of_one

__all__ = [
    "Copied",
    "EffectiveSetting",
    "EffectiveSettings",
    "Layer",
    "Source",
    "built_in",
    "copy_own",
    "effective",
    "effective_for_all",
    "reset",
    "save",
]

Door = AuditEntry.Door


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What a copy did to one model. `skipped` are the settings that it does not allow, each with the reason."""

    model: LanguageModel
    settings: EffectiveSettings
    skipped: Mapping[SettingName, str]


def effective(*, user: User | None, model: LanguageModel) -> EffectiveSettings:
    """Two queries, if `model` comes with its provider. Without a user: what everyone starts from."""
    rows = _ROWS_OF.all(user=user and user.pk, model=model.pk)
    return _resolved(rows, user=user, models=[model], rules=rules_of_one(model))[0]


def effective_for_all(*, user: User | None, models: Sequence[LanguageModel]) -> list[EffectiveSettings]:
    """Two queries for all `models`, in their order."""
    rows = AgentConfig.objects.filter(Q(user=None) | Q(user=user), model__in=models)
    return _resolved(rows, user=user, models=models, rules=rules_of(models))


_ROWS_OF = Select(
    lambda: AgentConfig.objects.filter(
        Q(user=None) | Q(user=Slot("user", UUIDField())), model=Slot("model", UUIDField())
    )
)


def _resolved(
    rows: Iterable[AgentConfig], *, user: User | None, models: Sequence[LanguageModel], rules: Rules
) -> list[EffectiveSettings]:
    found = {(row.model_id, row.user_id): row for row in rows}
    results = []
    for model in models:
        organisation = found.get((model.pk, None))
        own = None if user is None else found.get((model.pk, user.pk))
        written = organisation if user is None else own
        settings = resolve(model, organisation=organisation, own=own, rules=rules)
        results.append(EffectiveSettings(settings=settings, version=0 if written is None else written.version))
    return results


def save(
    *,
    user: User | None,
    model: LanguageModel,
    changes: Mapping[Any, object],
    if_match: int | None = None,
    actor: User | None = None,
    door: AuditEntry.Door = Door.SYSTEM,
) -> EffectiveSettings:
    """Store what `changes` names in the row of `user` (None: the organisation's).

    InvalidRequest names every field that is no number of its range, locked, or outside the range that an admin set.
    VersionConflict if the row's version is no longer `if_match`. Either changes nothing. `actor` is who did it (None:
    the server itself), `door` by which way: for the audit log.
    """
    values = validated(changes)
    with transaction.atomic():
        faults = refused(values, model=model, rules=rules_of([model]), of_user=user is not None)
        if faults:
            raise InvalidRequest.of_fields({str(name): fault for name, fault in faults.items()})
        return _write(_Step(user=user, model=model, values=values, actor=actor, door=door), if_match=if_match)


def reset(
    *,
    user: User | None,
    model: LanguageModel,
    names: Iterable[SettingName] | None = None,
    if_match: int | None = None,
    actor: User | None = None,
    door: AuditEntry.Door = Door.SYSTEM,
) -> EffectiveSettings:
    """Inherit again: the named settings, or all, locked ones too. The row stays, so that its version never counts from
    the start. VersionConflict as with `save`."""
    chosen = [setting.name for setting in ALL_SETTINGS] if names is None else list(names)
    step = _Step(user=user, model=model, values=dict.fromkeys(chosen), actor=actor, door=door, action="reset")
    with transaction.atomic():
        return _write(step, if_match=if_match)


def copy_own(
    *,
    user: User,
    source: LanguageModel,
    targets: Sequence[LanguageModel],
    actor: User | None = None,
    door: AuditEntry.Door = Door.SYSTEM,
) -> list[Copied]:
    """Give `targets` the values that the user has set for `source`; what is inherited there is left alone here.

    What a target does not allow is skipped and told. All or nothing otherwise.
    """
    settings = effective(user=user, model=source).settings
    own: Changes = {name: setting.own for name, setting in settings.items() if setting.own is not None}
    with transaction.atomic():
        rules = rules_of(targets)
        copied = []
        for model in targets:
            skipped = refused(own, model=model, rules=rules, of_user=True)
            values = {name: value for name, value in own.items() if name not in skipped}
            step = _Step(user=user, model=model, values=values, actor=actor, door=door)
            copied.append(Copied(model=model, settings=_write(step), skipped=skipped))
        return copied


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A write of one row. None as a value inherits again."""

    user: User | None
    model: LanguageModel
    values: Mapping[SettingName, Value | None]
    actor: User | None
    door: AuditEntry.Door
    action: str = "changed"


def _write(step: _Step, *, if_match: int | None = None) -> EffectiveSettings:
    rows = AgentConfig.objects.select_for_update()
    row, created = rows.get_or_create(model=step.model, user=step.user, defaults={"version": 0})
    if if_match is not None and row.version != if_match:
        raise VersionConflict(
            "These settings were changed elsewhere meanwhile, so nothing was saved. Look at the values of now, then "
            "save again.",
            params={"version": row.version},
        )
    before = {name: getattr(row, name) for name in step.values}
    changes = {str(name): (before[name], value) for name, value in step.values.items() if before[name] != value}
    if changes:
        for name, value in step.values.items():
            setattr(row, name, value)
        row.version += 1
        row.save()
        action = "created" if created else step.action
        record(actor=step.actor, door=step.door, action=action, target=row, changes=changes)
    elif created:
        row.delete()
    return effective(user=step.user, model=step.model)
