"""The whole back end for a test: uvicorn on a real socket, with a sandbox that waits where the test says so."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

import uvicorn
from django.test import Client

from accounts.models import User
from accounts.tokens import issue
from agents import registry
from agents.defaults import ensure_shipped_rows
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Entry, Journal
from agents.sandbox.pace import Pacing
from agents.sandbox.response import SandboxResponse
from agents.sandbox.scenario.rules import Scenario
from agents.threads import in_thread
from chat import conversations
from chat.models import Conversation

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 60.0
"""Seconds that a test waits for what must come: only a failing test, or a very busy machine, waits so long."""

SLOW_REST = 0.01
"""Seconds after each word of a slow answer; a lively one rests not at all."""


async def rows(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that needs the database, from async code."""
    return await in_thread(function)(*args, **kwargs)


async def eventually(condition: Callable[[], object]) -> None:
    """Waits for what no frame tells."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.002)


class HeldSandbox(SandboxApp):
    """Answers at once, or slowly where it is asked to; a request whose body holds a held word waits for its release.
    While `flowing` is not set, slow answers stand still where they are. `scenario` goes before what words ask for."""

    def __init__(self, *, scenario: Scenario | None = None) -> None:
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.journal = Journal(keep=5_000)
        self.held: dict[bytes, asyncio.Event] = {}
        self.waiting: defaultdict[bytes, int] = defaultdict(int)
        pacing = Pacing(sleep=self._rest)
        exchange = Exchange(pacing=pacing, scenario=scenario or Scenario(), closing_faults=True)
        super().__init__(exchange=exchange, journal=self.journal)

    async def _rest(self, seconds: float) -> None:
        is_slow = seconds > 0.015
        await asyncio.sleep(SLOW_REST if is_slow else 0)
        if is_slow:
            await self.flowing.wait()

    def hold(self, word: str) -> asyncio.Event:
        """Requests that hold `word` are not answered until the event is set."""
        self.held[word.encode()] = asyncio.Event()
        return self.held[word.encode()]

    async def handle(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> SandboxResponse:
        for word, release in self.held.items():
            if word in body:
                self.waiting[word] += 1
                await release.wait()
        return await super().handle(method=method, path=path, query=query, headers=headers, body=body)

    def requests_with(self, word: str) -> list[Entry]:
        """What was served, oldest first, as far as `word` was in it."""
        return [entry for entry in self.journal if word in str(entry.body)]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A server that answers at `address`."""

    port: int
    sandbox: HeldSandbox
    server: uvicorn.Server = field(repr=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.address}"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to pytest."""
        yield


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """The server as `manage.py serve` starts it, on this event loop and a free port."""
    sandbox = HeldSandbox()
    registry.use_sandbox(sandbox)
    await rows(ensure_shipped_rows)
    config = uvicorn.Config(
        "tokenproject.asgi:application",
        port=0,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=4_194_304,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
        log_config=None,
        access_log=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.002)
        assert not serving.done(), "the server did not start"
    port = int(server.servers[0].sockets[0].getsockname()[1])
    try:
        yield Stage(port=port, sandbox=sandbox, server=server)
    finally:
        for release in (sandbox.flowing, *sandbox.held.values()):
            release.set()
        server.should_exit = True
        await serving


class Place(Protocol):
    """Where a server listens."""

    @property
    def port(self) -> int: ...


class Holder(Protocol):
    """Who has an API token."""

    @property
    def token(self) -> str: ...


_numbers = iter(range(1, 1_000_000))


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user with an API token of their own."""

    user: User
    token: str

    async def conversation(self, *, model: str = "sandbox-claude", **more: Any) -> Conversation:
        return await rows(conversations.create, self.user, provider="sandbox", model=model, **more)


async def new_person(*, scope: str = "write") -> Person:
    user = await rows(User.objects.create_user, username=f"person-{next(_numbers)}")
    issued = await rows(issue, user=user, scope=scope)
    return Person(user=user, token=issued.secret)


def session_of(user: User) -> str:
    """The Cookie header of a browser where the user has just signed in."""
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"sessionid={browser.cookies['sessionid'].value}"
