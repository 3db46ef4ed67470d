"""Many turns at once: how long a delta is under way once it is committed, and altogether; and what that costs in CPU.

The provider's deltas are the moments at which they were sent, and the log keeps the moment at which an event was
written. All processes of one machine read the same clock.
"""

from __future__ import annotations

import os
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import uvloop
from websockets.asyncio.client import connect

from agents.models import LanguageModel, Wire
from bench import people, processes
from bench.people import Person
from bench.processes import Listening
from bench.raw_sdk import RawSdk
from bench.sizes import Size
from bench.socket_client import open_socket
from bench.stamping_provider import DELTAS_PER_SECOND, stamps_in
from bench.streaming import Measured, Window, watch
from bench.summary import median, percentile
from bench.table import Row, milliseconds, percent, times
from chat.models import TurnEvent

TITLE = "Many streams at once"
TARGET = 25.0  # ms, p99, from the commit to the client
COALESCING = 50.0  # ms: so long the event log makes one event of many deltas
SOCKETS_PER_PERSON = 10
MANY_DELTAS = "3000"  # a minute: longer than anything is measured; then it is stopped

Places = list[tuple[Person, str]]
"""Whose socket watches which conversation."""


@dataclass(kw_only=True)
class Ours(Measured):
    """`received`: when the client had an event, by turn and seq."""

    received: dict[tuple[UUID, int], float] = field(default_factory=dict)


def measure(size: Size) -> list[Row]:
    ours, raw, bare = Ours(), Measured(), Measured()
    with (
        processes.stamping_provider() as provider,
        processes.our_server() as server,
        processes.bare_channels() as clock,
    ):
        model = people.make_gateway_model(provider.port)
        crowd = [people.make_person(f"crowd-{n}") for n in range(-(-size.delta_turns // SOCKETS_PER_PERSON))]
        for _ in range(size.delta_rounds):
            places = _conversations(crowd, model, size.delta_turns)
            uvloop.run(_measure_ours(ours, places, server, seconds=size.delta_seconds))
            uvloop.run(_measure_raw(raw, provider, streams=size.delta_turns, seconds=size.delta_seconds))
            uvloop.run(_measure_bare(bare, clock, sockets=size.delta_turns, seconds=size.delta_seconds))
    return _rows(size, ours=ours, raw=raw, bare=bare)


def _conversations(crowd: list[Person], model: LanguageModel, count: int) -> Places:
    people_in_turn = (crowd[n // SOCKETS_PER_PERSON] for n in range(count))
    return [(person, people.make_conversation(person, model)) for person in people_in_turn]


async def _measure_ours(ours: Ours, places: Places, server: Listening, *, seconds: float) -> None:
    async def read(person: Person, conversation: str, window: Window) -> None:
        async with open_socket(server.port, person.secret) as client:
            await client.subscribe(conversation)
            await client.send(conversation, MANY_DELTAS)
            turn = (await client.wait_for("delta"))["turn"]
            window.served()
            while not window.is_over(now := time.time()):
                frame = await client.next_frame()
                now = time.time()
                if frame["type"] == "delta" and window.holds(now):
                    ours.note(sent=stamps_in(frame["text"]), received=now)
                    ours.received[UUID(turn), frame["seq"]] = now
            await client.stop(turn)
            await client.wait_for("turn.ended")

    readers = [partial(read, person, conversation) for person, conversation in places]
    ours.cpu.append(await watch(readers, pid=server.pid, seconds=seconds))


async def _measure_raw(raw: Measured, provider: Listening, *, streams: int, seconds: float) -> None:
    sdk = RawSdk(f"http://127.0.0.1:{provider.port}")
    body = {"model": "stamps", "stream": True, "messages": [{"role": "user", "content": MANY_DELTAS}]}

    async def read(window: Window) -> None:
        async with aclosing(sdk.texts(Wire.OPENAI_CHAT, body)) as texts:
            await anext(texts)
            window.served()
            async for text in texts:
                now = time.time()
                if window.holds(now):
                    raw.note(sent=stamps_in(text), received=now)
                if window.is_over(now):
                    break

    raw.cpu.append(await watch([read] * streams, pid=os.getpid(), seconds=seconds))


async def _measure_bare(bare: Measured, clock: Listening, *, sockets: int, seconds: float) -> None:
    async def read(window: Window) -> None:
        async with connect(f"ws://127.0.0.1:{clock.port}/", compression=None, proxy=None) as socket:
            await socket.send("go on")
            await socket.recv()
            window.served()
            async for text in socket:
                now = time.time()
                if window.holds(now):
                    bare.note(sent=stamps_in(str(text)), received=now)
                if window.is_over(now):
                    break

    bare.cpu.append(await watch([read] * sockets, pid=clock.pid, seconds=seconds))


def _since_commit(ours: Ours) -> list[float]:
    """Milliseconds. An event's moment is taken just before it is written, so the commit itself is in the figure."""
    turns = {turn for turn, _ in ours.received}
    written = TurnEvent.objects.filter(turn__in=turns, type="delta").values_list("turn", "seq", "created_at")
    moments = {(turn, seq): created_at.timestamp() for turn, seq, created_at in written}
    return [(received - moments[place]) * 1000 for place, received in ours.received.items()]


def _rows(size: Size, *, ours: Ours, raw: Measured, bare: Measured) -> list[Row]:
    load = f"{size.delta_turns} turns × {DELTAS_PER_SECOND} deltas/s"
    committed = _since_commit(ours)
    return [
        _latency(f"event written → client, {load}", committed, (bare, "bare Channels"), rank=50),
        _latency(f"event written → client, {load}", committed, (bare, "bare Channels"), rank=99, target=TARGET),
        _latency(f"provider's delta → client, {load}", ours.latencies, (raw, "raw SDK"), rank=50),
        _latency(
            f"provider's delta → client, {load}", ours.latencies, (raw, "raw SDK"), rank=99, target=COALESCING + TARGET
        ),
        _cpu(f"CPU of the server, {load}", ours, (raw, "raw SDK, the same streams")),
        _cpu(f"CPU of the server, {load}", ours, (bare, "bare Channels, as many frames")),
    ]


def _latency(
    what: str, values: list[float], baseline: tuple[Measured, str], *, rank: int, target: float | None = None
) -> Row:
    measured, name = baseline
    value, other = percentile(values, rank), percentile(measured.latencies, rank)
    return Row(
        what=f"{what}, p{rank} of {len(values):,}",
        ours=milliseconds(value),
        baseline=f"{milliseconds(other)} ({name})",
        compared=f"+ {milliseconds(value - other)}",
        target="" if target is None else f"≤ {milliseconds(target)}",
        met=None if target is None else value <= target,
    )


def _cpu(what: str, ours: Measured, baseline: tuple[Measured, str]) -> Row:
    measured, name = baseline
    value, other = median(ours.cpu), median(measured.cpu)
    return Row(
        what=what,
        ours=f"{percent(value)} of a core",
        baseline=f"{percent(other)} ({name})",
        compared=times(value / other) if other else "",
    )
