"""The sandbox with one of the vendors' SDKs in front of it, in this process or behind a real socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import httpx2

from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Entry, Journal
from agents.sandbox.pace import Pacing
from agents.sandbox.server import SandboxServer
from agents.sandbox.transport import SandboxTransport

Way = Literal["in process", "over HTTP"]
READ_TIMEOUT = 1.5
"""Seconds of silence after which the test clients give up."""


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what may happen in another thread. Fails after a minute."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


class Gate:
    """A sleep that takes no time and counts. Held, it lets nobody past a number of rests until it is opened."""

    def __init__(self) -> None:
        self.rests: list[float] = []
        self._free = 1_000_000
        self._opened = threading.Event()

    def hold_after(self, rests: int) -> None:
        self._free = rests

    def open(self) -> None:
        self._opened.set()

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        await asyncio.sleep(0)
        await until(lambda: len(self.rests) <= self._free or self._opened.is_set())


@dataclass(kw_only=True)
class Stage:
    """`http` reaches the sandbox at `url`; `journal` tells what it served."""

    way: Way
    http: httpx2.AsyncClient
    url: str
    gate: Gate
    journal: Journal

    @property
    def newest(self) -> Entry:
        return self.journal.newest


@asynccontextmanager
async def set_stage(way: Way, *, gate: Gate, exchange: Exchange | None = None) -> AsyncIterator[Stage]:
    journal = Journal(keep=100)
    app = SandboxApp(
        exchange=exchange or Exchange(pacing=Pacing(sleep=gate.sleep), closing_faults=True), journal=journal
    )
    timeout = httpx2.Timeout(60, read=READ_TIMEOUT)
    if way == "in process":
        async with httpx2.AsyncClient(transport=SandboxTransport(app), timeout=timeout) as http:
            yield Stage(way=way, http=http, url="http://sandbox", gate=gate, journal=journal)
        return
    async with serving(app) as url, httpx2.AsyncClient(timeout=timeout, trust_env=False) as http:
        yield Stage(way=way, http=http, url=url, gate=gate, journal=journal)


@asynccontextmanager
async def serving(app: SandboxApp) -> AsyncIterator[str]:
    """The app on a free port, in a thread of its own."""
    server = SandboxServer(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        await until(lambda: server.started)
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, 5)
        assert not thread.is_alive()
