"""One socket of one tab or program, as a client sees it: every frame is kept in the order in which it came."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.chat.stage import PATIENCE, Holder, Place

Frame = dict[str, Any]
ANSWERS = ("ack", "error", "pong")


class Tab:
    """`frames` is everything received. `close_code` is None while the socket is open."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.close_code: int | None = None
        self._ids = map(str, itertools.count(1))
        self._arrived = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                self.frames.append(json.loads(text))
                await self._tell()
        except ConnectionClosed:
            pass
        self.close_code = self.socket.close_code
        await self._tell()

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def until(self, condition: Callable[[], bool], *, what: str = "") -> None:
        """Waits for frames until `condition` holds."""
        try:
            async with asyncio.timeout(PATIENCE), self._arrived:
                await self._arrived.wait_for(condition)
        except TimeoutError:
            newest = "\n".join(str(frame)[:300] for frame in self.frames[-8:])
            raise AssertionError(f"{what or 'what was waited for'} did not come; newest frames:\n{newest}") from None

    async def until_closed(self) -> int | None:
        await self.until(lambda: self.close_code is not None, what="the close")
        return self.close_code

    async def raw(self, text: str | bytes) -> None:
        await self.socket.send(text)

    async def say(self, type: str, **fields: Any) -> str:
        """Sends a frame and returns its id."""
        id = next(self._ids)
        await self.raw(json.dumps({"type": type, "id": id, **fields}))
        return id

    async def ask(self, type: str, **fields: Any) -> Frame:
        """Sends a frame and returns its answer."""
        return await self.answer_to(await self.say(type, **fields))

    async def answer_to(self, id: str | None) -> Frame:
        def found() -> Frame | None:
            return next((frame for frame in self.frames if frame["type"] in ANSWERS and frame["id"] == id), None)

        await self.until(lambda: found() is not None, what=f"the answer to frame {id}")
        answer = found()
        assert answer is not None
        return answer

    async def ok(self, type: str, **fields: Any) -> Frame:
        """Like `ask`, for what must be accepted."""
        answer = await self.ask(type, **fields)
        assert answer["type"] != "error", answer
        return answer

    async def refused(self, type: str, **fields: Any) -> str:
        """Like `ask`, for what must be refused: the code of the error."""
        answer = await self.ask(type, **fields)
        assert answer["type"] == "error", answer
        return str(answer["code"])

    async def send(self, conversation: object, text: str, *, key: str, **fields: Any) -> Frame:
        """The ack of a message."""
        return await self.ok("send", conversation=str(conversation), client_message_id=key, text=text, **fields)

    def of_turn(self, turn: str) -> list[Frame]:
        """The durable events of the turn."""
        return [frame for frame in self.frames if frame.get("turn") == turn and "seq" in frame]

    def text_of(self, turn: str) -> str:
        return "".join(event["text"] for event in self.of_turn(turn) if event["type"] == "delta")

    async def seen(self, turn: str, type: str, *, times: int = 1) -> Frame:
        """The newest event of this type, once there are so many of it."""

        def found() -> list[Frame]:
            return [event for event in self.of_turn(turn) if event["type"] == type]

        await self.until(lambda: len(found()) >= times, what=f"{times} times {type}")
        return found()[-1]

    async def ended(self, turn: str) -> Frame:
        return await self.seen(turn, "turn.ended")


@asynccontextmanager
async def opened(
    place: Place, person: Holder | None = None, *, headers: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[Tab]:
    """A tab with `person`'s token, or with these headers, after its hello."""
    async with connected(place, person, headers=headers, **more) as tab:
        await tab.until(lambda: bool(tab.frames), what="the hello")
        yield tab


@asynccontextmanager
async def connected(
    place: Place,
    person: Holder | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    path: str = "/ws/v1/chat",
    name: str = "127.0.0.1",
    **more: Any,
) -> AsyncIterator[Tab]:
    """A tab as soon as the handshake is through; `name` is the host that it asks for. `InvalidStatus` if refused."""
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {person.token}"} if person else {})
    options: dict[str, Any] = {"max_size": None, "compression": None, "proxy": None, "host": "127.0.0.1"} | more
    async with connect(f"ws://{name}:{place.port}{path}", additional_headers=sent, **options) as socket:
        yield Tab(socket)


def is_gapless(events: list[Frame], *, after: int = 0) -> bool:
    return [event["seq"] for event in events] == list(range(after + 1, after + 1 + len(events)))
