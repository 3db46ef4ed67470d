"""What uvicorn and Channels cost by themselves: a consumer that accepts and, if asked to, tells the time.

A text frame makes it send the moment (Unix seconds) 20 times a second from then on: as many frames as our server sends
for one turn. It is served with the flags of our own server.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

FRAMES_PER_SECOND = 20


class Clock(AsyncWebsocketConsumer):
    _telling: asyncio.Task[None] | None = None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._telling = asyncio.create_task(self._tell())

    async def disconnect(self, code: int) -> None:
        if self._telling is not None:
            self._telling.cancel()

    async def _tell(self) -> None:
        next_at = time.monotonic()
        while True:
            await self.send(text_data=f"{time.time():.6f}")
            next_at += 1 / FRAMES_PER_SECOND
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))


def main(port: int) -> None:
    settings.configure()
    uvicorn.run(
        Clock.as_asgi(),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=4_194_304,
        ws_max_queue=4,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        log_config=None,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
