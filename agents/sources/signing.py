"""How a call to a source is signed. Tokens of OAuth2 client credentials are kept for all calls of the process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator

import httpx2

from agents.llm.providers.credentials import ClientCredentialsAuth
from agents.llm.providers.token_store import TokenStore
from agents.sources.source import Source

_tokens = TokenStore()


class HeaderAuth(httpx2.Auth):
    def __init__(self, *, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers[self._name] = self._value
        yield request


def signature(source: Source, *, client: Callable[[], httpx2.AsyncClient], again: bool) -> httpx2.Auth | None:
    """`client` makes the one that tokens are got with. `again`: a call whose token is refused is made once more."""
    if source.oauth2 is not None:
        return ClientCredentialsAuth(
            credentials=source.oauth2, store=_tokens, client=client, provider=source.name, again=again
        )
    return HeaderAuth(name=source.header[0], value=source.header[1]) if source.header else None


def secrets_of(source: Source) -> Collection[str]:
    """Those of now: a token comes and goes."""
    return {*source.secrets, _tokens.kept(source.oauth2) if source.oauth2 else ""}
