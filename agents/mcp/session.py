"""One conversation with an MCP server, over the official SDK and behind the egress guard.

A session for each call: it cannot have expired, and no two people ever share what a server keeps in one. It costs some
short requests; a server that speaks the version without sessions is spared them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import httpx2

from agents.egress.guard import egress
from agents.egress.transport import guarded_client, trust
from agents.llm.errors import EgressBlocked, GatewayTokenFailed, LLMError, ToolFailed
from agents.mcp.bounds import BoundedTransport, Unusable
from agents.mcp.connection import Connection
from agents.sources.signing import signature

T = TypeVar("T")

_TIMEOUT = httpx2.Timeout(10.0, read=120.0)  # a tool may be silent while it works; whoever calls sets the end
_REFUSALS = {
    401: "refused the credentials",
    403: "refused access",
    404: "has nothing at this address",
    429: "was asked too often; try again later",
}

_UNKNOWN = " (whether it did what was asked is not known: look before you ask for it again)"

logger = logging.getLogger(__name__)
_trust = cache(trust)


async def talk(connection: Connection, ask: Callable[[Any], Awaitable[T]]) -> T:
    """What `ask` returns, given a connected client of the SDK. ToolFailed, with a text for people and models.

    A session that the server forgot before it answered is begun anew, once; never after a call that may have been run.
    """
    bounds: list[BoundedTransport] = []
    for is_last in (False, True):
        try:
            async with _client(connection, bounds=bounds) as client:
                return await ask(client)
        except Exception as error:
            if bounds and bounds[-1].lost_session and not bounds[-1].has_called and not is_last:
                continue
            raise _told(error, connection=connection, bounds=bounds[-1] if bounds else None) from None
    raise AssertionError("the last try returns or raises")


@asynccontextmanager
async def _client(connection: Connection, *, bounds: list[BoundedTransport]) -> AsyncIterator[Any]:
    sdk, verify = await asyncio.to_thread(_sdk), await asyncio.to_thread(_trust)

    def around(inner: httpx2.AsyncBaseTransport) -> httpx2.AsyncBaseTransport:
        bounds.append(BoundedTransport(inner))
        return bounds[-1]

    def for_tokens() -> httpx2.AsyncClient:
        return guarded_client(egress=egress(), verify=verify, timeout=_TIMEOUT)

    # A server that refuses a token has done nothing yet.
    auth = signature(connection.source, client=for_tokens, again=True)
    async with guarded_client(egress=egress(), verify=verify, timeout=_TIMEOUT, auth=auth, around=around) as http:
        http.headers.update({"user-agent": "tokenproject", **dict(connection.headers)})
        client, over_http = sdk
        transport = over_http(connection.url, http_client=http, max_sse_event_size=None)  # our bound is for all of it
        async with client(transport, cache=None) as connected:
            yield connected


@cache
def _sdk() -> tuple[Any, Any]:
    """A second to import: for a thread."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    return Client, streamable_http_client


def _told(error: Exception, *, connection: Connection, bounds: BoundedTransport | None) -> ToolFailed:
    """What happened, in words without our secrets. The SDK wraps what it and its transport raise into groups."""
    causes = list(_causes(error))
    ours = next((cause for cause in causes if isinstance(cause, LLMError)), None)
    if ours is not None:
        return _of_ours(ours, name=connection.name)
    cause = causes[0]
    detail = connection.concealed(f"{type(cause).__name__}: {cause}")
    logger.info("MCP server %s: %s", connection.source.slug, detail)
    unknown = _UNKNOWN if bounds is not None and bounds.has_called and bounds.refused is None else ""
    return ToolFailed(f"{connection.name} {connection.concealed(_words(cause, bounds=bounds))}{unknown}", detail=detail)


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error


def _of_ours(error: LLMError, *, name: str) -> ToolFailed:
    match error:
        case ToolFailed():
            return error
        case EgressBlocked():
            return ToolFailed(
                f"the address of {name} leads to a place that this server may not call, so nothing was sent; an admin "
                "can check it, or allow it with EGRESS_ALLOW_PRIVATE",
                detail=error.detail,
            )
        case GatewayTokenFailed():
            reason = error.params.get("reason", "")
            return ToolFailed(f"{name} wants a token of its identity provider, and none could be got: {reason}")
    return ToolFailed(error.message, detail=error.detail)


def _words(cause: BaseException, *, bounds: BoundedTransport | None) -> str:
    if bounds is not None and bounds.fault is not None:
        return str(bounds.fault)
    match cause:
        case Unusable():
            return str(cause)
        case httpx2.TimeoutException() | TimeoutError():
            return "did not answer in time"
        case httpx2.HTTPError() | httpx2.InvalidURL() | OSError():
            return f"could not be reached ({type(cause).__name__})"
    if bounds is not None and bounds.refused is not None:
        said = _REFUSALS.get(bounds.refused, "failed")
        return f"{said} ({bounds.refused})"
    return f"reported an error. It says (data): {' '.join(str(cause).split())[:500] or type(cause).__name__}"
