"""A source as a call needs it. Reads rows and secrets: for a thread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from agents import secrets
from agents.llm.errors import ToolFailed
from agents.llm.providers.token_request import ClientCredentials
from agents.models import HttpSource
from agents.secrets import SecretUnreadable
from agents.sources.allowed import is_allowed, methods_of, path_fault, patterns_of


@dataclass(frozen=True, kw_only=True)
class Source:
    """`base_url` is "" for the sandbox company, which this process serves to itself. `header` is what signs a call."""

    slug: str
    name: str
    base_url: str = ""
    header: tuple[str, str] | None = field(default=None, repr=False)
    oauth2: ClientCredentials | None = None
    key: str = field(default="", repr=False)

    @property
    def secrets(self) -> Collection[str]:
        return {self.key, self.oauth2.client_secret if self.oauth2 else ""}


def permitted(slug: str, *, method: str, path: str) -> Source:
    """The source, if it may be called so. ToolFailed, with what may be called instead."""
    row = _row(slug)
    if method not in methods_of(row.allowed_methods):
        raise ToolFailed(f"{row.name} may not be called with {method}; it may with {row.allowed_methods}")
    if fault := path_fault(path):
        raise ToolFailed(f"{path[:200]!r} cannot be called: {fault}")
    if not is_allowed(path, row.allowed_paths):
        raise ToolFailed(
            f"{row.name} has no path {path} for you; there are: {', '.join(patterns_of(row.allowed_paths))}"
        )
    return source_of(row)


def _row(slug: str) -> HttpSource:
    rows = {row.slug: row for row in HttpSource.objects.filter(enabled=True)}
    if slug not in rows:
        there = f"there are: {', '.join(sorted(rows))}" if rows else "none is defined; an admin can, under HTTP sources"
        raise ToolFailed(f"there is no source {slug!r}; {there}")
    return rows[slug]


def source_of(row: HttpSource) -> Source:
    """ToolFailed where its key is not there."""
    match row.auth:
        case HttpSource.Auth.HEADER:
            key = _secret(row, row.api_key)
            return _plain(row, key=key, header=(row.header_name, f"{row.header_scheme} {key}".strip()))
        case HttpSource.Auth.OAUTH2:
            return _plain(row, oauth2=_credentials(row))
        case _:
            return _plain(row)


def _plain(
    row: HttpSource, *, key: str = "", header: tuple[str, str] | None = None, oauth2: ClientCredentials | None = None
) -> Source:
    address = row.base_url.rstrip("/")
    return Source(slug=row.slug, name=row.name, base_url=address, header=header, oauth2=oauth2, key=key)


def _credentials(row: HttpSource) -> ClientCredentials:
    said = {name: row.oauth2.get(name, "") for name in ("token_url", "client_id", "scope", "audience")}
    secret = _secret(row, row.oauth2.get("client_secret", ""))
    return ClientCredentials(**said, client_secret=secret, client_auth=row.oauth2.get("client_auth", "basic"))


def _secret(row: HttpSource, reference: str, /) -> str:
    try:
        secret = secrets.read(reference) if reference else ""
    except SecretUnreadable:
        secret = ""
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ToolFailed(
            f"the key of {row.name} is not there, or cannot be sent; an admin can enter it under HTTP sources"
        )
    return secret
