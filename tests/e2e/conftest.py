"""A real browser against the whole back end: uvicorn on its own thread, SQLite in a file, the sandbox as provider.

A page that logs an error, breaks its content security policy or throws makes its test fail; a test that provokes one
says so with `noise.expect("words of it")`.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect
from pytest_django import DjangoDbBlocker

from accounts.models import User
from chat import conversations
from tests.chat.stage import Stage, staged
from tests.e2e.chat_page import ChatPage
from tests.e2e.scripted_socket import ScriptedSocket

PATIENCE = 60_000  # milliseconds that a page is waited for; only a failing test, or a very busy machine, waits so long
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The machine's own chromium; that there is one, `deploy.pytest_needs` has checked."""
    return {"executable_path": shutil.which("chromium"), "args": FLAGS}


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's fixture, but for a whole module: nothing is rolled back, and all is deleted after the module."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


class ServerThread:
    """The server on its own event loop."""

    def __init__(self) -> None:
        self._ready: Future[Stage] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="server")

    def start(self) -> None:
        self._thread.start()
        self.stage = self._ready.result(timeout=60)

    def stop(self) -> None:
        self.call(self._done.set)
        self._thread.join(timeout=60)

    def call(self, function: Callable[[], object]) -> None:
        """Run `function` on the server's loop."""
        self._loop.call_soon_threadsafe(function)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on the server's loop, to its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with staged() as stage:
                self._ready.set_result(stage)
                await self._done.wait()
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)


@pytest.fixture(scope="module")
def server(transactional_db: None) -> Iterator[ServerThread]:
    """One server for the tests of a module."""
    thread = ServerThread()
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def stage(server: ServerThread) -> Stage:
    return server.stage


@pytest.fixture
def live_server_url(stage: Stage) -> str:
    return stage.origin


Hold = Callable[[str], Callable[[], None]]


@pytest.fixture
def hold(server: ServerThread) -> Hold:
    """`release = hold("word")`: the sandbox does not answer what holds that word until `release()`."""

    def hold_word(word: str) -> Callable[[], None]:
        released = server.stage.sandbox.hold(word)
        return lambda: server.call(released.set)

    return hold_word


Freeze = Callable[[], Callable[[], None]]


@pytest.fixture
def freeze(server: ServerThread) -> Iterator[Freeze]:
    """`thaw = freeze()`: slow answers stand still where they are until `thaw()`."""
    flowing = server.stage.sandbox.flowing

    def freeze_now() -> Callable[[], None]:
        server.call(flowing.clear)
        return lambda: server.call(flowing.set)

    yield freeze_now
    server.call(flowing.set)


@dataclass
class Noise:
    """What pages said that they should not have said."""

    heard: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, words: str) -> None:
        """An error with these words in it may be logged."""
        self.expected.append(words)

    def listen_to(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.heard.append(f"thrown: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.heard.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.heard if not any(words in line for words in self.expected)]


@pytest.fixture
def noise() -> Iterator[Noise]:
    noise = Noise()
    yield noise
    assert noise.unexpected == []


@pytest.fixture
def context(context: BrowserContext, noise: Noise) -> BrowserContext:
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    context.on("page", noise.listen_to)
    return context


_numbers = iter(range(1, 1_000_000))
SignIn = Callable[..., User]


@pytest.fixture
def sign_in(stage: Stage) -> SignIn:
    """`sign_in(context, **fields of a new user)`: every page of the context is that user's from then on."""

    def make(context: BrowserContext, **fields: Any) -> User:
        user = User.objects.create_user(username=f"reader-{next(_numbers)}", **fields)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        cookie = client.cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": stage.origin}])
        return user

    return make


@pytest.fixture
def reader(context: BrowserContext, sign_in: SignIn) -> User:
    """Who is signed in on `signed_in_page` and `chat`."""
    return sign_in(context)


@pytest.fixture
def signed_in_page(page: Page, reader: User, live_server_url: str) -> Page:
    """A page of a new user's, not opened anywhere yet."""
    return page


@pytest.fixture
def chat(signed_in_page: Page, live_server_url: str) -> ChatPage:
    """A new chat of a new user's."""
    chat = ChatPage(page=signed_in_page, origin=live_server_url)
    chat.open()
    return chat


@pytest.fixture
def socket(signed_in_page: Page) -> ScriptedSocket:
    """Stands behind the socket of `signed_in_page`, in the server's place."""
    socket = ScriptedSocket()
    socket.stand_behind(signed_in_page)
    return socket


@pytest.fixture
def scripted_chat(signed_in_page: Page, live_server_url: str, socket: ScriptedSocket, reader: User) -> ChatPage:
    """A conversation without messages."""
    conversation = conversations.create(reader, title="The checkout", provider="sandbox", model="sandbox-claude")
    chat = ChatPage(page=signed_in_page, origin=live_server_url)
    chat.open(f"/c/{conversation.pk}/")
    socket.until_heard("subscribe")
    return chat


@pytest.fixture
def answering(scripted_chat: ChatPage, socket: ScriptedSocket) -> ChatPage:
    """A turn has begun in `scripted_chat`."""
    scripted_chat.send("hello")
    expect(scripted_chat.turns).to_have_count(1)
    expect(scripted_chat.turns.last).to_contain_text("iteration 1/15")
    return scripted_chat


@pytest.fixture
def modules(page: Page, live_server_url: str) -> Page:
    """A page under the product's content security policy, for tests of single modules (`import()` in `evaluate`)."""
    page.goto(f"{live_server_url}/login/")
    return page
