"""An MCP server as a call needs it. Reads rows and secrets: for a thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from agents import secrets
from agents.concealment import concealing
from agents.llm.errors import ToolFailed
from agents.llm.providers.token_request import ClientCredentials
from agents.mcp_rows import McpServer
from agents.secrets import SecretUnreadable, is_outside
from agents.sources.signing import secrets_of
from agents.sources.source import Source


@dataclass(frozen=True, kw_only=True)
class Connection:
    """`source` says how calls are signed, as an HTTP source's are; `headers` are sent beside that."""

    url: str
    source: Source
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    hidden: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        return self.source.name

    def concealed(self, text: str, /) -> str:
        """`text` without the secrets of now: a token comes and goes."""
        return concealing(lambda: {*secrets_of(self.source), *self.hidden})(text)


def connection_to(server: UUID) -> Connection:
    """ToolFailed where it is gone, switched off, or cannot be signed."""
    row = McpServer.objects.filter(pk=server, enabled=True).first()
    if row is None:
        raise ToolFailed("the MCP server of this tool is switched off, so nothing was sent")
    return connection_of(row)


def connection_of(row: McpServer) -> Connection:
    """ToolFailed where a secret that it needs is not there."""
    headers = {name: _value(row, name, value) for name, value in row.headers.items()}
    hidden = {headers[name] for name, value in row.headers.items() if is_outside(value)}
    return Connection(
        url=row.url, source=_source(row), headers=tuple(sorted(headers.items())), hidden=frozenset(hidden)
    )


def _source(row: McpServer) -> Source:
    match row.auth:
        case McpServer.Auth.HEADER:
            key = _secret(row, row.api_key)
            header = (row.header_name, f"{row.header_scheme} {key}".strip())
            return Source(slug=row.slug, name=row.name, base_url=row.url, header=header, key=key)
        case McpServer.Auth.OAUTH2:
            return Source(slug=row.slug, name=row.name, base_url=row.url, oauth2=_credentials(row))
        case _:
            return Source(slug=row.slug, name=row.name, base_url=row.url)


def _credentials(row: McpServer) -> ClientCredentials:
    said = {name: row.oauth2.get(name, "") for name in ("token_url", "client_id", "scope", "audience")}
    secret = _secret(row, row.oauth2.get("client_secret", ""))
    return ClientCredentials(**said, client_secret=secret, client_auth=row.oauth2.get("client_auth", "basic"))


def _value(row: McpServer, name: str, value: str, /) -> str:
    return _secret(row, value, what=f"the header {name}") if is_outside(value) else value


def _secret(row: McpServer, reference: str, /, *, what: str = "the key") -> str:
    try:
        secret = secrets.read(reference) if reference else ""
    except SecretUnreadable:
        secret = ""
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ToolFailed(
            f"{what} of {row.name} is not there, or cannot be sent; an admin can enter it under MCP servers"
        )
    return secret
