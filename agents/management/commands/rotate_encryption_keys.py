"""`manage.py rotate_encryption_keys`: every stored secret encrypted with the first of ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import audit
from accounts.models import AuditEntry
from agents.mcp_rows import McpServer
from agents.models import DatadogConnection, HttpSource, Provider
from agents.secrets import SecretUnreadable, is_sealed, resealed

_Sealing = Provider | DatadogConnection | HttpSource | McpServer


class Command(BaseCommand):
    help = "Encrypt every stored secret with the first of ENCRYPTION_KEYS, so that the keys after it can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = _rotate()
        self.stdout.write(f"{done} stored secrets are encrypted with the first key now.")
        if lost:
            raise CommandError(
                f"{len(lost)} could not be read with any of ENCRYPTION_KEYS and stay as they are. Put the key back "
                f"that encrypted them, or re-enter: {', '.join(lost)}"
            )


@transaction.atomic
def _rotate() -> tuple[int, list[str]]:
    """How many were encrypted anew, and where those are that no key opens."""
    done, lost = 0, []
    rows: list[_Sealing] = [
        *Provider.objects.select_for_update(),
        *DatadogConnection.objects.select_for_update(),
        *HttpSource.objects.select_for_update(),
        *McpServer.objects.select_for_update(),
    ]
    for row in rows:
        rotated = []
        for name, sealed in _sealed(row).items():
            try:
                _put(row, name, resealed(sealed))
            except SecretUnreadable:
                lost.append(f"{name} of {row._meta.verbose_name} {row.slug}")
            else:
                rotated.append(name)
        if rotated:
            row.save()
            changes = dict.fromkeys(rotated, (audit.SET, audit.SET))
            audit.record(actor=None, door=AuditEntry.Door.SYSTEM, action="re-encrypted", target=row, changes=changes)
        done += len(rotated)
    return done, lost


def _sealed(row: _Sealing) -> dict[str, str]:
    secrets = {"api_key": row.api_key}
    if isinstance(row, DatadogConnection):
        secrets["application_key"] = row.application_key
    else:
        secrets["client_secret"] = str(row.oauth2.get("client_secret", ""))
    return {name: secret for name, secret in secrets.items() if is_sealed(secret)}


def _put(row: _Sealing, name: str, sealed: str) -> None:
    if name == "client_secret" and not isinstance(row, DatadogConnection):
        row.oauth2[name] = sealed
    else:
        setattr(row, name, sealed)
