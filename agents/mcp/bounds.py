"""What is asked of every answer of an MCP server: it is no redirect, it is not packed, and it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx2

MOST_BYTES = 4_000_000
"""Of one answer. A result of 2 MB of text, escaped and framed, fits."""

GOODBYE_SECONDS = 1.0
"""For the end of a session, which somebody who stopped a turn may be waiting for."""

_LOST = 404


class Unusable(httpx2.TransportError):
    """An answer that is not read. The text is for people and models."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Around the guarded transport. The SDK follows redirects and reads to the end by itself: here it cannot.

    `refused` is the status that the last message was refused with, `lost_session` whether that was since its session
    was no longer known, `has_called` whether a tool may have run by now. Once an answer was unusable, nothing more is
    sent: the SDK would ask for it again.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.fault: Unusable | None = None
        self.refused: int | None = None
        self.lost_session = False
        self.has_called = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.fault is not None:
            raise self.fault
        request.headers["accept-encoding"] = "identity"  # nothing packed: a few bytes of it could be gigabytes
        if request.method == "DELETE":
            async with asyncio.timeout(GOODBYE_SECONDS):
                return await self._inner.handle_async_request(request)
        was_called, self.has_called = self.has_called, self.has_called or _calls(request)
        response = await self._inner.handle_async_request(request)
        self._note(request, response)
        if self.lost_session:
            self.has_called = was_called  # It did not know what it was to do.
        if fault := _fault(response):
            await response.aclose()
            raise self._unusable(fault)
        response.stream = _Counted(response.stream, self)  # type: ignore[arg-type]
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def too_much(self) -> Unusable:
        return self._unusable(f"answered with more than {MOST_BYTES // 1_000_000} MB, which was not read; ask for less")

    def _note(self, request: httpx2.Request, response: httpx2.Response) -> None:
        """Of messages only: what a server says to the stream that it may send its own on says nothing of a call."""
        if request.method != "POST":
            return
        status = response.status_code
        self.refused = status if status > 400 else None
        self.lost_session = status == _LOST and "mcp-session-id" in request.headers

    def _unusable(self, text: str) -> Unusable:
        self.fault = Unusable(text)
        return self.fault


def _calls(request: httpx2.Request) -> bool:
    """Whether it asks for a tool to be run."""
    return request.method == "POST" and b'"tools/call"' in request.content


def _fault(response: httpx2.Response) -> str:
    if 300 <= response.status_code < 400:
        return f"answered with {response.status_code}, a redirect, which is not followed"
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    return "" if packed in {"", "identity"} else "packed its answer although it was asked not to; it was not read"


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, transport: BoundedTransport) -> None:
        self._stream, self._transport = stream, transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async with aclosing(self):
            async for chunk in self._stream:
                read += len(chunk)
                if read > MOST_BYTES:
                    raise self._transport.too_much()
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
