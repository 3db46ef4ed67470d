"""One open socket of one person, as a browser or a program has it."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

Frame = dict[str, Any]


class SocketClient:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def next_frame(self) -> Frame:
        frame: Frame = json.loads(await self._socket.recv())
        if frame["type"] == "error":
            raise RuntimeError(f"the server refused a frame: {frame}")
        return frame

    async def subscribe(self, conversation: str) -> None:
        await self._send({"type": "subscribe", "id": "s", "conversation": conversation, "cursors": {}})
        await self.wait_for("ack")

    async def send(self, conversation: str, text: str) -> None:
        message_id = uuid.uuid4().hex
        await self._send(
            {"type": "send", "id": "m", "conversation": conversation, "client_message_id": message_id, "text": text}
        )

    async def stop(self, turn: str) -> None:
        await self._send({"type": "stop", "id": "x", "turn": turn})

    async def wait_for(self, kind: str) -> Frame:
        """The next frame of that type; those before it are passed over."""
        while (frame := await self.next_frame())["type"] != kind:
            pass
        return frame

    async def _send(self, frame: Frame) -> None:
        await self._socket.send(json.dumps(frame))


@asynccontextmanager
async def open_socket(port: int, secret: str) -> AsyncIterator[SocketClient]:
    headers = {"Authorization": f"Bearer {secret}"}
    address = f"ws://127.0.0.1:{port}/ws/v1/chat"
    async with connect(address, additional_headers=headers, compression=None, proxy=None) as socket:
        client = SocketClient(socket)
        await client.wait_for("hello")
        yield client
