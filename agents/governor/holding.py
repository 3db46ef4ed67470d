"""No grant, no call: the transport of every client that speaks to models refuses to send outside of one.

What may be sent without: OAuth2 tokens, which have a client of their own. Nothing else of ours calls a provider; a
connection that is tested calls its model under a free grant (`EXEMPT`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2

EXEMPT = {"connection test": "It must tell how things are, also while a pool is full or its account is closed."}
"""Purposes of calls that no pool holds back, and why."""

_held: ContextVar[str] = ContextVar("lease of the call that is being sent", default="")


class UngovernedCall(RuntimeError):
    """A request to a model that nobody asked the governor for. A mistake of ours, never of a user."""


@contextmanager
def holding(lease: str) -> Iterator[None]:
    """What is sent in here is sent under the grant of `lease`."""
    token = _held.set(lease)
    try:
        yield
    finally:
        _held.reset(token)


class GrantRequired(httpx2.AsyncBaseTransport):
    """Hands requests on to `inner`. Raises UngovernedCall, and sends nothing, outside of `holding`."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not _held.get():
            raise UngovernedCall(f"{request.method} {request.url.path} was to be sent without a grant")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
