"""A connection that is dropped in the middle of an answer, again and again: the text is exact in the end."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from chat.models import Message
from tests.chat.stage import PATIENCE
from tests.e2e.chat_page import ChatPage

DROPS = 4


class Wire:
    """The page's own socket to the real server, which can be cut."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._connections = 0
        self._open: WebSocketRoute | None = None
        page.route_web_socket("**/ws/v1/chat", self._connected)

    def _connected(self, socket: WebSocketRoute) -> None:
        self._connections += 1
        self._open = socket
        socket.connect_to_server()

    def cut(self) -> None:
        """Returns when the page has connected again."""
        assert self._open is not None
        before, deadline = self._connections, time.monotonic() + PATIENCE
        self._open.close(code=1006)
        while self._connections == before:
            assert time.monotonic() < deadline, "the page did not connect again"
            self._page.wait_for_timeout(25)


@pytest.fixture
def wire(signed_in_page: Page) -> Wire:
    return Wire(signed_in_page)


def test_the_text_is_exact_however_often_the_socket_is_dropped(wire: Wire, chat: ChatPage, reader: User) -> None:
    chat.send("slow long 3000")
    turn = chat.turns.last
    prose = turn.locator(".prose")
    expect(prose).to_contain_text("This is a long answer")
    for _ in range(DROPS):
        wire.cut()
        before = prose.inner_text()
        expect(prose).not_to_have_text(before)
        assert prose.inner_text().startswith(before)
    chat.stop_button.click()
    expect(turn).to_have_attribute("data-status", "stopped")
    shown = prose.inner_text()
    answer = Message.objects.get(conversation__owner=reader, role="assistant")
    assert shown.split() == answer.parts[0]["text"].split()
    chat.page.reload()
    expect(turn).to_have_attribute("data-status", "stopped")
    assert prose.inner_text() == shown
