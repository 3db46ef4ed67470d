"""Loads a checked file into the database: all of it or nothing, with an audit entry for each row."""

from __future__ import annotations

from django.db import DatabaseError, transaction

from accounts import audit
from accounts.models import AuditEntry
from accounts.refusals import InvalidRequest
from agents import settings_resolution
from agents.configuration.changes import Plan, RowChange, SettingsChange
from agents.configuration.plan import planned
from agents.configuration.refusal import ConfigurationRefused, Fault
from agents.configuration.schema import Configuration
from agents.configuration.stock import read_stock

_DOOR = AuditEntry.Door.CONFIG


def load(configuration: Configuration, *, dry_run: bool = False) -> Plan:
    """What was changed. `dry_run` does it all and takes it back. ConfigurationRefused if anything is wrong."""
    try:
        with transaction.atomic():
            plan = planned(configuration, stock=read_stock())
            for change in plan.changes:
                _apply(change)
            if dry_run:
                transaction.set_rollback(True)
            return plan
    except DatabaseError as error:
        # Not the database's own words: they hold values.
        message = f"the database refused ({type(error).__name__}). Is it migrated? If others change it now, load again"
        raise ConfigurationRefused([Fault(message=message)]) from None


def _apply(change: RowChange | SettingsChange) -> None:
    if isinstance(change, SettingsChange):
        _save_settings(change)
        return
    row = change.row
    row.save(force_insert=change.created, update_fields=None if change.created else change.columns)
    action = "created" if change.created else "changed"
    audit.record(actor=None, door=_DOOR, action=action, target=row, changes=change.differences)


def _save_settings(change: SettingsChange) -> None:
    differing = {name: value for name, value in change.values.items() if name in change.differences}
    values = {name: value for name, value in differing.items() if value is not None}
    inherited = [name for name, value in differing.items() if value is None]
    try:
        if values:
            settings_resolution.save(user=None, model=change.model, changes=values, actor=None, door=_DOOR)
        if inherited:
            settings_resolution.reset(user=None, model=change.model, names=inherited, actor=None, door=_DOOR)
    except InvalidRequest as refused:
        fields: dict[str, str] = refused.params["fields"]
        raise ConfigurationRefused(
            [Fault(path=(*change.path, name), message=message) for name, message in fields.items()]
        ) from None
