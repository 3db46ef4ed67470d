"""What the sandbox answers to one HTTP request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass

from agents.sandbox.journal import Entry
from agents.sandbox.performance import ConnectionCut, ConnectionReset


class ReplyStream(AsyncIterator[bytes]):
    """The chunks of a body, one as soon as it is said. Notes in its journal entry if it was not heard to the end.

    Iterating raises ConnectionCut or ConnectionReset where the connection is to break. Closing it stops the script.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], *, entry: Entry) -> None:
        self._chunks = chunks
        self._entry = entry

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            raise
        except (ConnectionCut, ConnectionReset):
            self._entry.end("broken")
            raise
        except BaseException:
            self._entry.end("closed")
            raise

    async def aclose(self) -> None:
        self._entry.end("closed")
        await self._chunks.aclose()


@dataclass(frozen=True, kw_only=True)
class SandboxResponse:
    """Header names are in lower case. `chunks` must be closed when the client goes away before its end."""

    status: int
    headers: Mapping[str, str]
    chunks: ReplyStream


def whole_response(
    body: bytes, *, status: int, headers: Mapping[str, str], entry: Entry, content_type: str = "application/json"
) -> SandboxResponse:
    """A response whose body is known."""
    entry.status = status
    all_headers = {"content-type": content_type, "content-length": str(len(body)), **headers}
    return SandboxResponse(status=status, headers=all_headers, chunks=ReplyStream(_one(body), entry=entry))


def stream_response(
    chunks: AsyncGenerator[bytes, None], *, headers: Mapping[str, str], entry: Entry
) -> SandboxResponse:
    """A response of server-sent events."""
    entry.status = 200
    all_headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", **headers}
    return SandboxResponse(status=200, headers=all_headers, chunks=ReplyStream(chunks, entry=entry))


async def _one(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
