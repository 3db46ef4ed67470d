"""Signs calls with a token of OAuth2 client credentials, as an `httpx2.Auth` under either vendor's SDK.

The SDKs need not know: they send a placeholder, which is replaced here, for each call and for its one retry.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import httpx2

from agents.llm.errors import GatewayTokenFailed
from agents.llm.providers.token_request import ClientCredentials, NoToken, Token
from agents.llm.providers.token_store import Client, TokenStore

_FAILED = (
    "{provider} wants a token of its identity provider, and none could be got: {reason}. Your message is kept; "
    "{what_to_do}."
)
_LATER = "please try again in a moment"
_ADMIN = "please ask an administrator to check the OAuth2 credentials of this provider"
_OTHER_KEYS = ("x-api-key", "api-key")


class ClientCredentialsAuth(httpx2.Auth):
    """`provider` is the name to show; `client` makes the client for token calls, which must not be signed by this.

    A gateway that refuses a token (401) is asked once more, with a new one; without `again` the new one is only got,
    for the next call. Raises GatewayTokenFailed.
    """

    def __init__(
        self, *, credentials: ClientCredentials, store: TokenStore, client: Client, provider: str, again: bool = True
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._client = client
        self._provider = provider
        self._again = again

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        token = await self._token()
        response = yield _signed(request, token)
        if response.status_code == 401:
            fresh = await self._token(stale=token.value)
            if self._again:
                yield _signed(request, fresh)

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        raise RuntimeError("only asynchronous clients are signed here")

    async def _token(self, *, stale: str = "") -> Token:
        try:
            return await self._store.token(self._credentials, client=self._client, stale=stale)
        except NoToken as failure:
            raise token_failed(failure, provider=self._provider) from None


def token_failed(failure: NoToken, *, provider: str) -> GatewayTokenFailed:
    """In words for the user; `params["reason"]` is the reason alone."""
    what_to_do = _LATER if failure.retryable else _ADMIN
    return GatewayTokenFailed(
        _FAILED.format(provider=provider, reason=failure, what_to_do=what_to_do),
        detail=failure.detail or str(failure),
        retryable=failure.retryable,
        params={"provider": provider, "reason": str(failure)},
    )


def _signed(request: httpx2.Request, token: Token) -> httpx2.Request:
    for name in _OTHER_KEYS:
        request.headers.pop(name, None)
    request.headers["authorization"] = f"Bearer {token.value}"
    return request
