"""What a row says, for a comparison of before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Field, Model

Snapshot = dict[str, object]
_NOTED_BY_DJANGO = {"date_joined", "last_login"}


def snapshot(row: Model) -> Snapshot:
    """The fields that a person can set, by name: plain values, related rows, sorted names of many related rows."""
    fields = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if _is_said(field)}
    many = {field.name: sorted(map(str, getattr(row, field.name).all())) for field in row._meta.many_to_many}
    return fields | many


def snapshots(model: type[Model], pks: Iterable[Any]) -> dict[Any, Snapshot]:
    """By primary key, as the database has them now."""
    return {row.pk: snapshot(row) for row in model._default_manager.filter(pk__in=list(pks))}


def _is_said(field: Field[Any, Any]) -> bool:
    return field.editable and not field.primary_key and field.name not in _NOTED_BY_DJANGO
