"""What loading a file changes, row by row, in words that hold no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Model

from accounts.audit import SET, SET_ANEW, UNSET, difference
from agents.configuration.refusal import Fault, Path
from agents.models import LanguageModel
from agents.secrets import is_sealed
from agents.setting_changes import Value
from agents.setting_ranges import SettingName

Columns = Mapping[str, object]
Differences = Mapping[str, tuple[object, object]]
_SECRETS = {"api_key", "application_key", "oauth2.client_secret"}


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """`row` is as it will be; `columns` are to be written. `differences` may be shown to everyone."""

    path: Path
    label: str
    row: Model
    created: bool
    columns: tuple[str, ...]
    differences: Differences


@dataclass(frozen=True, kw_only=True)
class SettingsChange:
    """All settings of the organisation's row for `model`; None inherits."""

    path: Path
    label: str
    model: LanguageModel
    created: bool
    values: Mapping[SettingName, Value | None]
    differences: Differences


Change = RowChange | SettingsChange


@dataclass(kw_only=True)
class Plan:
    """What a file asks for, in an order in which it can be written, or what is wrong with it. `same` counts rows."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0

    def row(
        self, row: Model, *, path: Path, label: str, created: bool, wanted: Columns, noted: Columns | None = None
    ) -> None:
        """Sets the `wanted` columns on `row`; where any of them differs, the untold `noted` ones, too."""
        before = {} if created else {name: getattr(row, name) for name in wanted}
        differing = tuple(name for name in wanted if created or before[name] != wanted[name])
        if not differing:
            self.same += 1
            return
        written = {name: wanted[name] for name in differing} | dict(noted or {})
        for name, value in written.items():
            setattr(row, name, value)
        told = told_differences(before, wanted)
        self.changes.append(
            RowChange(path=path, label=label, row=row, created=created, columns=tuple(written), differences=told)
        )

    def refuse(self, path: Path, message: str) -> None:
        self.faults.append(Fault(path=path, message=message))


def told_differences(before: Columns, after: Columns) -> Differences:
    """Only what differs; of what is new, only what is not empty."""
    pairs = difference(_flat(before), _flat(after))
    return {name: _told(name, old, new) for name, (old, new) in pairs.items() if before or new not in (None, "", False)}


def _flat(columns: Columns) -> dict[str, object]:
    """Tables key by key, a row by its name: {"headers.x-team": "payments", "pool": "sonnet"}."""
    flat: dict[str, object] = {}
    for name, value in columns.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            flat[name] = getattr(value, "name", None) if isinstance(value, Model) else value
    return flat


def _told(name: str, old: object, new: object) -> tuple[object, object]:
    if name not in _SECRETS:
        return old, new
    words = _word(old), _word(new)
    return words if words != (SET, SET) else (SET, SET_ANEW)


def _word(secret: object) -> str:
    """A reference tells where the secret is, not what it is."""
    if not secret:
        return UNSET
    return SET if is_sealed(str(secret)) else str(secret)
