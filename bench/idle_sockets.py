"""Memory of an idle socket: how much the server grows with sockets that are signed in, subscribed and silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import uvloop
from websockets.asyncio.client import connect

from agents.models import Wire
from bench import people, processes
from bench.people import Person
from bench.process_meter import resident_bytes
from bench.sizes import Size
from bench.socket_client import open_socket
from bench.summary import median
from bench.table import Row, kilobytes, times
from chat import send_limits

TITLE = "Idle sockets"
TARGET = 40_000.0  # bytes
AT_ONCE = 10
MOST_SETTLES = 10
WARM_UP = 0.1  # of the sockets: what the first ones cost, they cost once

Open = Callable[[], AbstractAsyncContextManager[Any]]


def measure(size: Size) -> list[Row]:
    places = _places(size.idle_sockets)
    ours, bare = [], []
    for _ in range(size.idle_rounds):
        opens: list[Open]
        with processes.our_server() as server:
            opens = [partial(_subscribed, server.port, person, conversation) for person, conversation in places]
            ours.append(uvloop.run(_bytes_per_socket(opens, server.pid, settle=size.idle_settle)))
        with processes.bare_channels() as clock:
            opens = [partial(_plain, clock.port)] * len(places)
            bare.append(uvloop.run(_bytes_per_socket(opens, clock.pid, settle=size.idle_settle)))
    return [_row(size, ours=median(ours), bare=median(bare))]


def _places(count: int) -> list[tuple[Person, str]]:
    """As many people as it takes: one may not have more than a few sockets. Each has one conversation."""
    model = people.sandbox_model(Wire.OPENAI_CHAT)
    each = send_limits.SOCKETS_PER_USER
    crowd = [people.make_person(f"idle-{n}") for n in range(-(-count // each))]
    rooms = [(person, people.make_conversation(person, model)) for person in crowd]
    return [rooms[n // each] for n in range(count)]


async def _bytes_per_socket(opens: Sequence[Open], pid: int, *, settle: float) -> float:
    warm_up = max(1, round(len(opens) * WARM_UP))
    async with AsyncExitStack() as sockets:
        await _open_all(sockets, opens[:warm_up])
        before = await _at_rest(pid, settle=settle)
        await _open_all(sockets, opens[warm_up:])
        return (await _at_rest(pid, settle=settle) - before) / (len(opens) - warm_up)


async def _open_all(sockets: AsyncExitStack, opens: Sequence[Open]) -> None:
    for start in range(0, len(opens), AT_ONCE):
        await asyncio.gather(*(sockets.enter_async_context(opening()) for opening in opens[start : start + AT_ONCE]))


async def _at_rest(pid: int, *, settle: float) -> int:
    """Its resident bytes, once they stay the same for `settle` seconds (or for want of patience): our server still
    imports the SDKs after its start."""
    now = resident_bytes(pid)
    for _ in range(MOST_SETTLES):
        before = now
        await asyncio.sleep(settle)
        now = resident_bytes(pid)
        if now == before:
            break
    return now


@asynccontextmanager
async def _subscribed(port: int, person: Person, conversation: str) -> AsyncIterator[None]:
    async with open_socket(port, person.secret) as client:
        await client.subscribe(conversation)
        yield


def _plain(port: int) -> AbstractAsyncContextManager[Any]:
    return connect(f"ws://127.0.0.1:{port}/", compression=None, proxy=None)


def _row(size: Size, *, ours: float, bare: float) -> Row:
    return Row(
        what=f"memory of an idle socket, signed in and subscribed ({size.idle_sockets:,} open)",
        ours=kilobytes(ours),
        baseline=f"{kilobytes(bare)} (bare Channels)",
        compared=times(ours / bare) if bare > 0 else "",
        target=f"≤ {kilobytes(TARGET)}",
        met=ours <= TARGET,
    )
