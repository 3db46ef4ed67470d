"""A server of the test's own behind the page's socket: it says what the test tells it to, when the test does."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

from tests.chat.stage import PATIENCE


def moment(seconds: float = 0) -> str:
    """RFC 3339, so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class ScriptedSocket:
    """`heard` is every frame of the page. With `deaf` nothing is answered, not even a ping."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] | None = None
    deaf: bool = False
    away: bool = False
    """Every connection is closed at once, without a word."""
    connections: int = 0
    clock: float = 0
    """Seconds that the server is ahead of the browser."""
    turn: str = ""
    conversation: str = ""
    _seq: dict[str, int] = field(default_factory=dict)
    _socket: WebSocketRoute | None = None
    _page: Page | None = None

    def stand_behind(self, page: Page) -> None:
        self._page = page
        page.route_web_socket("**/ws/v1/chat", self._connected)

    def _connected(self, socket: WebSocketRoute) -> None:
        self.connections += 1
        if self.away:
            socket.close(code=1001)
            return
        self._socket = socket
        socket.on_message(lambda text: self._hear(json.loads(text)))
        self.say("hello", server_time=moment(self.clock), user={}, limits={})

    def say(self, type: str, **fields: Any) -> None:
        assert self._socket is not None, "the page has not connected"
        self._socket.send(json.dumps({"type": type, **fields}))

    def set_seq(self, seq: int) -> None:
        """The next event of the turn gets the number after this one."""
        self._seq[self.turn] = seq

    def event(self, type: str, *, turn: str | None = None, **data: Any) -> None:
        turn = turn or self.turn
        self._seq[turn] = self._seq.get(turn, 0) + 1
        ids = {"conversation": self.conversation, "turn": turn, "seq": self._seq[turn], "ts": moment(self.clock)}
        self.say(type, **ids, **data)

    def close(self, code: int) -> None:
        assert self._socket is not None
        self._socket.close(code=code)

    def until_heard(self, type: str, times: int = 1) -> None:
        """Waits until the page has said this so often. Frames arrive only while the test talks to the browser."""
        self._until(lambda: len(self.of_type(type)) >= times, what=f"say {type} {times} times")

    def until_connected(self, times: int) -> None:
        self._until(lambda: self.connections >= times, what=f"connect {times} times")

    def _until(self, condition: Callable[[], bool], *, what: str) -> None:
        assert self._page is not None
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"the page did not {what}: {self.heard}"
            self._page.wait_for_timeout(25)

    def of_type(self, type: str) -> list[dict[str, Any]]:
        return [frame for frame in self.heard if frame["type"] == type]

    def _hear(self, frame: dict[str, Any]) -> None:
        self.heard.append(frame)
        if self.deaf:
            return
        if frame["type"] == "ping":
            self.say("pong", id=frame["id"], server_time=moment(self.clock))
        elif frame["type"] == "send":
            self._answer_send(frame)
        else:
            self.acknowledge(frame)

    def _answer_send(self, frame: dict[str, Any]) -> None:
        if self.refusal:
            self.say("error", id=frame["id"], params={}, retryable=True, retry_at=None, ref=None, **self.refusal)
            return
        self.turn, question = str(uuid.uuid4()), str(uuid.uuid4())
        self.conversation = frame["conversation"]
        self.acknowledge(frame, turn=self.turn, message=question, duplicate=False)
        self.event("turn.queued", position=0, question=question, text=frame["text"])
        self.event("turn.started", agent="smart", provider="sandbox", model="sandbox-claude", question=question)
        self.event("iteration.started", n=1, max=15, message=str(uuid.uuid4()))

    def acknowledge(self, frame: dict[str, Any], **fields: Any) -> None:
        nothing: dict[str, Any] = {
            "conversation": frame.get("conversation"),
            "turn": None,
            "message": None,
            "duplicate": None,
        }
        self.say("ack", id=frame["id"], **{**nothing, **fields})

    def end(self, status: str = "completed", **data: Any) -> None:
        nothing: dict[str, Any] = {"reason": None, "error": None, "finish_reason": "stop", "message": None, "usage": {}}
        self.event("turn.ended", status=status, **{**nothing, **data})
