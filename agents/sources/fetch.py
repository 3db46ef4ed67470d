"""One call to a source: behind the egress guard, without redirects, and no more of its answer than may be kept."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache

import httpx2

from agents.concealment import concealing
from agents.egress.guard import egress
from agents.egress.transport import guarded_client, trust
from agents.llm.errors import EgressBlocked, GatewayTokenFailed, ToolFailed
from agents.llm.tool_output import OUTPUT_LIMIT
from agents.registry import sandbox
from agents.sandbox.transport import SandboxTransport
from agents.sources.asked import Asked, url_of
from agents.sources.signing import secrets_of, signature
from agents.sources.source import Source

SECONDS = 30.0
"""For a call as a whole, the token for it included."""

BODY_LIMIT = OUTPUT_LIMIT - 1_000
"""Bytes. An answer that is larger is cut there, and marked."""

_TIMEOUT = httpx2.Timeout(10.0, read=20.0)
_TEXTS = ("text/", "json", "xml", "csv", "yaml", "javascript", "x-www-form-urlencoded")
# Nothing packed: a few bytes of it could be gigabytes.
_HEADERS = {"accept": "application/json, text/*;q=0.5", "accept-encoding": "identity", "user-agent": "tokenproject"}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`text` is the body, without our secrets. `request` is what was sent, without what signed it."""

    request: str
    status: int
    kind: str
    text: str
    is_cut: bool


_UNKNOWN = "; whether it did what was asked is not known: look before you ask for it again"


async def fetch(source: Source, asked: Asked, /) -> Reply:
    """What the source answered, whatever its status. ToolFailed, with a text for the model, where it gave no answer.

    Sent once: nothing is tried again but, of what only reads, a call whose token was refused.
    """
    known = "" if asked.only_reads else _UNKNOWN
    try:
        verify = await asyncio.to_thread(_trust)
        async with asyncio.timeout(SECONDS), _client(source, verify=verify, again=asked.only_reads) as client:
            return await _call(client, source, asked)
    except EgressBlocked as error:
        raise ToolFailed(
            f"the address of {source.name} leads to a place that this server may not call, so nothing was sent; an "
            "admin can check it, or allow it with EGRESS_ALLOW_PRIVATE",
            detail=error.detail,
        ) from None
    except GatewayTokenFailed as error:
        reason = error.params.get("reason", "")
        raise ToolFailed(
            f"{source.name} wants a token of its identity provider, and none could be got: {reason}"
        ) from None
    except (TimeoutError, httpx2.TimeoutException):
        raise ToolFailed(f"{source.name} did not answer within {SECONDS:g} seconds{known}") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        detail = concealing(lambda: secrets_of(source))(str(error))
        said = "" if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout) else known
        raise ToolFailed(f"{source.name} could not be reached ({type(error).__name__}){said}", detail=detail) from None


async def _call(client: httpx2.AsyncClient, source: Source, asked: Asked, /) -> Reply:
    headers = _HEADERS | ({"content-type": "application/json"} if asked.body else {})
    content = asked.body.encode() if asked.body else None
    request = client.build_request(asked.method, url_of(source, asked), headers=headers, content=content)
    response = await client.send(request, stream=True)
    try:
        body, is_cut = await _body(response, source)
    finally:
        await response.aclose()
    shown = asked.path + (f"?{request.url.query.decode('ascii')}" if request.url.query else "")
    return Reply(
        request=f"{asked.method} {shown}",
        status=response.status_code,
        kind=response.headers.get("content-type", "").partition(";")[0].strip().lower()[:100],
        text=concealing(lambda: secrets_of(source))(body.decode("utf-8", errors="replace")),
        is_cut=is_cut,
    )


async def _body(response: httpx2.Response, source: Source, /) -> tuple[bytes, bool]:
    kind, packed = response.headers.get("content-type", ""), response.headers.get("content-encoding", "identity")
    if packed.strip().lower() not in {"", "identity"}:
        raise ToolFailed(f"{source.name} packed its answer although it was asked not to; it was not read")
    body = bytearray()
    async for chunk in response.aiter_raw():
        if kind and not any(text in kind.lower() for text in _TEXTS):
            raise ToolFailed(f"{source.name} answered with {kind[:100]!r}, which is no text; it was not read")
        body += chunk
        if len(body) > BODY_LIMIT:
            return bytes(body[:BODY_LIMIT]), True
    return bytes(body), False


_trust = cache(trust)


def _client(source: Source, *, verify: ssl.SSLContext, again: bool) -> httpx2.AsyncClient:
    if not source.base_url:
        return httpx2.AsyncClient(transport=SandboxTransport(sandbox()), timeout=_TIMEOUT, trust_env=False)

    def for_tokens() -> httpx2.AsyncClient:
        return guarded_client(egress=egress(), verify=verify, timeout=_TIMEOUT)

    auth = signature(source, client=for_tokens, again=again)
    return guarded_client(egress=egress(), verify=verify, timeout=_TIMEOUT, auth=auth)
