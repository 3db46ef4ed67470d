"""An OpenAI-compatible provider whose every delta is the moment at which it was sent.

The newest message says how many deltas there should be; they come 50 a second. So small that it costs next to nothing
beside what is measured. `time.time()` is one clock for all processes of a machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

DELTAS_PER_SECOND = 50

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"


def stamps_in(text: str) -> list[float]:
    """The moments (Unix seconds) that a piece of the answer holds."""
    return [float(stamp) for stamp in text.split()]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        body = await _body(reader)
        writer.write(_HEAD)
        await _say(writer, deltas=int(body["messages"][-1]["content"]))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # The client went away: the measurement is over, or somebody only looked whether we listen.
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(line.partition(":")[2] for line in head.splitlines() if line.startswith("content-length:"))
    body: dict[str, Any] = json.loads(await reader.readexactly(int(length)))
    return body


async def _say(writer: asyncio.StreamWriter, *, deltas: int) -> None:
    next_at = time.monotonic()
    for _ in range(deltas):
        _write(writer, _chunk({"content": f"{time.time():.6f} "}))
        next_at += 1 / DELTAS_PER_SECOND
        await asyncio.sleep(max(0.0, next_at - time.monotonic()))
        await writer.drain()
    _write(writer, _chunk({}, finish_reason="stop"))
    _write(writer, "[DONE]")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})


def _write(writer: asyncio.StreamWriter, data: str) -> None:
    event = f"data: {data}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(event), event))


async def main(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port, backlog=1_024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
