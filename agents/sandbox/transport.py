"""The sandbox inside this process: a transport under the vendors' own SDKs.

Chunks arrive as they are said, read time-outs hold, broken connections raise what a socket would, and closing a
response stops the script at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from weakref import WeakSet

import httpx2

from agents.sandbox.app import SandboxApp
from agents.sandbox.performance import ConnectionCut, ConnectionReset
from agents.sandbox.response import ReplyStream


class SandboxTransport(httpx2.AsyncBaseTransport):
    """Hands every request to `app`, whatever host it names. Only the read time-out means something here."""

    def __init__(self, app: SandboxApp) -> None:
        self._app = app
        self._open: WeakSet[_ResponseBody] = WeakSet()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.aread()
        with _wire_errors(request):
            async with asyncio.timeout(_read_timeout(request)):
                answer = await self._app.handle(
                    method=request.method,
                    path=request.url.path,
                    query=request.url.query.decode("ascii"),
                    headers=headers,
                    body=body,
                )
        stream = _ResponseBody(answer.chunks, request=request, open_bodies=self._open)
        return httpx2.Response(answer.status, headers=dict(answer.headers), stream=stream)

    async def aclose(self) -> None:
        for body in tuple(self._open):
            await body.aclose()


class _ResponseBody(httpx2.AsyncByteStream):
    def __init__(self, chunks: ReplyStream, *, request: httpx2.Request, open_bodies: WeakSet[_ResponseBody]) -> None:
        self._chunks = chunks
        self._request = request
        self._open_bodies = open_bodies
        self._closed = False
        self._reading: asyncio.Timeout | None = None
        open_bodies.add(self)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        while (chunk := await self._next()) is not None:
            yield chunk

    async def _next(self) -> bytes | None:
        """The next chunk; None at the end. Raises what httpx2 raises for a broken, silent or closed connection."""
        if self._closed:
            raise httpx2.StreamClosed
        with _wire_errors(self._request):
            try:
                async with asyncio.timeout(_read_timeout(self._request)) as self._reading:
                    return await anext(self._chunks, None)
            except TimeoutError:
                if self._closed:
                    raise httpx2.ReadError("closed by this side", request=self._request) from None
                raise
            finally:
                self._reading = None

    async def aclose(self) -> None:
        """Stops the script. A read that is under way in another task fails."""
        self._closed = True
        self._open_bodies.discard(self)
        if self._reading is not None:
            self._reading.reschedule(asyncio.get_running_loop().time())
        else:
            await self._chunks.aclose()


def _read_timeout(request: httpx2.Request) -> float | None:
    """Seconds; None waits for ever."""
    timeout: dict[str, float | None] = request.extensions.get("timeout", {})
    return timeout.get("read")


@contextmanager
def _wire_errors(request: httpx2.Request) -> Iterator[None]:
    """Turns accidents into the exceptions that httpx2 raises for them on a socket."""
    try:
        yield
    except TimeoutError:
        raise httpx2.ReadTimeout("the sandbox sent nothing in time", request=request) from None
    except ConnectionCut:
        reason = "peer closed connection without sending complete message body (incomplete chunked read)"
        raise httpx2.RemoteProtocolError(reason, request=request) from None
    except ConnectionReset:
        raise httpx2.ReadError("connection reset by peer", request=request) from None
