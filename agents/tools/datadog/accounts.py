"""Which Datadog account a tool asks."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents import secrets
from agents.llm.errors import ToolFailed
from agents.models import DatadogConnection
from agents.secrets import SecretUnreadable


@dataclass(frozen=True, kw_only=True)
class Account:
    """`address` is "" for the sandbox company, which this process serves to itself."""

    name: str
    address: str = ""
    api_key: str = field(default="any", repr=False)
    application_key: str = field(default="any", repr=False)


def find_account(slug: str) -> Account:
    """The account of that name, or the first one where `slug` is "". ToolFailed where there is none to ask."""
    rows = list(DatadogConnection.objects.filter(enabled=True))
    if not rows:
        raise ToolFailed("no Datadog account is connected; an admin can connect one in admin, Datadog connections")
    row = next((row for row in rows if slug.casefold() in ("", row.slug, row.name.casefold())), None)
    if row is None:
        names = ", ".join(row.slug for row in rows)
        raise ToolFailed(f"there is no Datadog account {slug!r}; there are: {names}")
    return _account(row)


def _account(row: DatadogConnection) -> Account:
    if row.site == DatadogConnection.Site.SANDBOX and not row.base_url:
        return Account(name=row.name)
    address = (row.base_url or f"https://api.{row.site}").rstrip("/")
    if row.site == DatadogConnection.Site.SANDBOX:
        return Account(name=row.name, address=address)
    return Account(
        name=row.name,
        address=address,
        api_key=_key(row, row.api_key, "API key"),
        application_key=_key(row, row.application_key, "application key"),
    )


def _key(row: DatadogConnection, reference: str, what: str, /) -> str:
    try:
        key = secrets.read(reference) if reference else ""
    except SecretUnreadable:
        key = ""
    if not key:
        raise ToolFailed(f"the {what} of the Datadog account {row.name} is not there; an admin can enter it in admin")
    if not (key.isascii() and key.isprintable()):
        raise ToolFailed(
            f"the {what} of the Datadog account {row.name} has characters that no key has; an admin can enter it anew"
        )
    return key
