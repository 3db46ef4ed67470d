"""What is special about the sandbox inside this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Journal
from agents.sandbox.pace import Pacing
from agents.sandbox.transport import SandboxTransport
from tests.agents.sandbox.stage import Gate, until
from tests.agents.sandbox.wire.posting import HEADERS

URL = "http://wherever.example/v1/messages"


def body(text: str, *, stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "sandbox-claude", "max_tokens": 2_000, "messages": messages, "stream": stream}


@asynccontextmanager
async def client(journal: Journal, gate: Gate, *, read: float | None = 60) -> AsyncIterator[httpx2.AsyncClient]:
    app = SandboxApp(exchange=Exchange(pacing=Pacing(sleep=gate.sleep)), journal=journal)
    timeout = httpx2.Timeout(60, read=read)
    async with httpx2.AsyncClient(transport=SandboxTransport(app), timeout=timeout, headers=HEADERS) as http:
        yield http


async def test_any_host_is_the_sandbox() -> None:
    async with client(Journal(keep=1), Gate()) as http:
        assert (await http.post(URL, json=body("echo hi", stream=False))).json()["content"][0]["text"] == "hi"


async def test_closing_the_transport_stops_what_is_open() -> None:
    journal, gate = Journal(keep=2), Gate()
    gate.hold_after(2)
    async with client(journal, gate) as http:
        request = http.build_request("POST", URL, json=body("long 300"))
        started, untouched = await http.send(request, stream=True), await http.send(request, stream=True)
        await anext(started.aiter_raw())
        assert [entry.outcome for entry in journal] == ["open", "open"]
    assert [entry.outcome for entry in journal] == ["closed", "closed"]
    assert untouched.is_stream_consumed is False


async def test_closing_while_another_task_reads_stops_both() -> None:
    journal, gate = Journal(keep=1), Gate()
    gate.hold_after(2)
    async with client(journal, gate, read=None) as http:
        answer = await http.send(http.build_request("POST", URL, json=body("long 300")), stream=True)
        reading = asyncio.create_task(answer.aread())
        await until(lambda: len(gate.rests) > 2)
        await answer.aclose()
        with pytest.raises((httpx2.ReadError, httpx2.StreamClosed)):
            await reading
        assert journal.newest.outcome == "closed"


async def test_a_whole_document_runs_into_the_read_timeout_as_well() -> None:
    journal = Journal(keep=1)
    async with client(journal, Gate(), read=0.05) as http:
        with pytest.raises(httpx2.ReadTimeout):
            await http.post(URL, json=body("fault stall", stream=False))
        assert journal.newest.outcome == "closed"


async def test_the_time_for_the_next_chunk_counts_and_not_for_all() -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0.02)

    app = SandboxApp(exchange=Exchange(pacing=Pacing(sleep=sleep)))
    timeout = httpx2.Timeout(60, read=1)
    async with httpx2.AsyncClient(transport=SandboxTransport(app), timeout=timeout, headers=HEADERS) as http:
        answer = await http.post(URL, json=body("long 400"))
    assert "message_stop" in answer.text
    assert answer.elapsed.total_seconds() > 1


@pytest.mark.parametrize(("fault", "error"), [("cut", httpx2.RemoteProtocolError), ("reset", httpx2.ReadError)])
async def test_errors_name_their_request(fault: str, error: type[httpx2.TransportError]) -> None:
    for stream in (True, False):
        async with client(Journal(keep=1), Gate()) as http:
            with pytest.raises(error) as caught:
                await http.post(URL, json=body(f"fault {fault}", stream=stream))
            assert caught.value.request.url == URL
