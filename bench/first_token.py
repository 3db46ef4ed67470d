"""What our server adds to the time to the first token: the `send` frame to the first `delta` frame, against the
vendor's SDK that sends the very same request to the very same sandbox."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvloop

from agents.models import Wire
from bench import people, processes
from bench.people import Person
from bench.raw_sdk import RawSdk
from bench.recording_sandbox import LAST_REQUEST
from bench.sizes import Size
from bench.socket_client import SocketClient, open_socket
from bench.summary import percentile
from bench.table import Row, milliseconds

TITLE = "Time to first token"
WIRES = (Wire.ANTHROPIC_MESSAGES, Wire.OPENAI_CHAT)  # that the sandbox speaks
P50_TARGET = 5.0  # ms
P95_TARGET = 15.0
PAUSE = 0.03  # seconds between turns: a person is never quicker


@dataclass(kw_only=True)
class Samples:
    """Milliseconds; the two lists belong together pairwise."""

    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    @property
    def added(self) -> list[float]:
        return [ours - raw for ours, raw in zip(self.ours, self.raw, strict=True)]


def measure(size: Size) -> list[Row]:
    person = people.make_person("first-token")
    with processes.sandbox() as sandbox, processes.our_server() as server:
        people.point_sandbox_at(sandbox.port)
        rounds = [
            {wire: people.make_conversation(person, people.sandbox_model(wire)) for wire in WIRES}
            for _ in range(size.first_token_rounds)
        ]
        samples = uvloop.run(_sample_all(rounds, person, size, server=server.port, sandbox=sandbox.port))
    return [row for wire in WIRES for row in _rows(wire, samples[wire])]


async def _sample_all(
    rounds: list[dict[Wire, str]],
    person: Person,
    size: Size,
    *,
    server: int,
    sandbox: int,
) -> dict[Wire, Samples]:
    """New conversations in each round, so that the requests stay of a size; the first turns warm up."""
    samples = {wire: Samples() for wire in WIRES}
    raw = _Repeater(f"http://127.0.0.1:{sandbox}")
    async with open_socket(server, person.secret) as client:
        for conversations in rounds:
            for conversation in conversations.values():
                await client.subscribe(conversation)
            for turn in range(size.first_token_warm_up + size.first_token_turns):
                for wire, conversation in conversations.items():
                    ours = await _our_first_delta(client, conversation, f"echo answer number {turn}")
                    theirs = await raw.first_text(wire)
                    if turn >= size.first_token_warm_up:
                        samples[wire].ours.append(ours)
                        samples[wire].raw.append(theirs)
    return samples


async def _our_first_delta(client: SocketClient, conversation: str, text: str) -> float:
    """Milliseconds; returns when the turn is over."""
    await asyncio.sleep(PAUSE)
    began = time.perf_counter()
    await client.send(conversation, text)
    await client.wait_for("delta")
    took = time.perf_counter() - began
    await client.wait_for("turn.ended")
    return took * 1000


class _Repeater:
    """Sends what our server has sent last, without our server."""

    def __init__(self, sandbox: str) -> None:
        self._last_request = sandbox + LAST_REQUEST
        self._http = httpx2.AsyncClient(trust_env=False)
        self._sdk = RawSdk(sandbox)

    async def first_text(self, wire: Wire) -> float:
        """Milliseconds; returns when the answer is complete."""
        body: dict[str, Any] = (await self._http.get(self._last_request)).json()
        await asyncio.sleep(PAUSE)
        began = time.perf_counter()
        texts = self._sdk.texts(wire, body)
        await anext(texts)
        took = time.perf_counter() - began
        async for _ in texts:
            pass
        return took * 1000


def _rows(wire: Wire, samples: Samples) -> list[Row]:
    return [_row(wire, samples, rank=rank, target=target) for rank, target in ((50, P50_TARGET), (95, P95_TARGET))]


def _row(wire: Wire, samples: Samples, *, rank: int, target: float) -> Row:
    added = percentile(samples.added, rank)
    return Row(
        what=f"`send` → first `delta`, {wire.label}, p{rank} of {len(samples.ours)}",
        ours=milliseconds(percentile(samples.ours, rank)),
        baseline=f"{milliseconds(percentile(samples.raw, rank))} (raw SDK)",
        compared=f"+ {milliseconds(added)}",
        target=f"≤ + {milliseconds(target)}",
        met=added <= target,
    )
