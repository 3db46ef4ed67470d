"""The audit log: who changed what, when and by which door. Entries are only ever added.

`record` belongs into the transaction of the change: either both are there or neither is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from accounts.models import AuditEntry, User

Changes = Mapping[str, tuple[object, object]]

SET, UNSET, SET_ANEW = "set", "unset", "set anew"
_SECRET_NAMES = {"api_key", "application_key", "client_secret", "digest", "password", "secret", "token"}
_REFERENCES = ("env:", "file:")
_JSON = DjangoJSONEncoder()


def record(*, actor: User | None, door: AuditEntry.Door, action: str, target: Model, changes: Changes) -> AuditEntry:
    """One entry. `changes` is `{field: (old, new)}`, only of what changed; None as `actor` means the server itself.

    A secret is only said to be set or unset, whatever the caller passed; a reference (env:NAME, file:PATH) is none.
    Of two mappings only what differs is kept, as "field.key". A deleted row needs its old `pk`.
    """
    return AuditEntry.objects.create(
        actor=actor,
        actor_name=actor.get_username() if actor else "",
        door=door,
        action=action,
        target_type=target._meta.label,
        target_id=str(target.pk),
        target_name=str(target)[:200],
        changes={name: pair for name, pair in _pairs(changes) if pair != [UNSET, UNSET]},
    )


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """The fields that are not the same in both, as `record` takes them. A field that one side lacks is None there."""
    names = [*before, *(name for name in after if name not in before)]
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _flat(changes: Changes) -> Iterator[tuple[str, object, object]]:
    for name, (old, new) in changes.items():
        if isinstance(old or new, Mapping):
            inner = difference(_as_mapping(old), _as_mapping(new))
            yield from _flat({f"{name}.{key}": pair for key, pair in inner.items()})
        else:
            yield name, old, new


def _pairs(changes: Changes) -> Iterator[tuple[str, list[Any]]]:
    return ((name, _pair(name, old=old, new=new)) for name, old, new in _flat(changes))


def _as_mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _pair(name: str, *, old: object, new: object) -> list[Any]:
    if name.rpartition(".")[2] not in _SECRET_NAMES:
        return [_shown(old), _shown(new)]
    shown = [_presence(old), _presence(new)]
    return [SET, SET_ANEW] if shown == [SET, SET] else shown


def _presence(value: object) -> str:
    if not value or value == UNSET or str(value).startswith(UNUSABLE_PASSWORD_PREFIX):
        return UNSET
    return value if isinstance(value, str) and value.startswith(_REFERENCES) else SET


def _shown(value: object) -> Any:
    """`value` as JSON holds it. A row by its name; a sealed secret in an unlikely field is not said."""
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(item) for item in value]
    if isinstance(value, str):
        return SET if value.startswith("sealed:") else value
    if value is None or isinstance(value, bool | int | float | Mapping):
        return value
    return str(value) if isinstance(value, Model) else _JSON.default(value)
