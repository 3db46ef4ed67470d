"""What is special about the sandbox over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from agents.sandbox.app import MOST_BODY_BYTES, SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Journal
from agents.sandbox.pace import Pacing
from tests.agents.sandbox.stage import Gate, serving, set_stage, until
from tests.agents.sandbox.wire.posting import HEADERS, post

PATH = "/v1/messages"


def body(text: str, *, stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "sandbox-claude", "max_tokens": 2_000, "messages": messages, "stream": stream}


@pytest.fixture
def uvicorn_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(caplog.handler)
    return caplog


async def test_a_stream_is_chunked_and_a_document_has_its_length() -> None:
    async with set_stage("over HTTP", gate=Gate()) as stage:
        streamed = await post(stage, PATH, body("hello"))
        whole = await post(stage, PATH, body("hello", stream=False))
    assert streamed.headers["transfer-encoding"] == "chunked"
    assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert whole.headers["content-type"] == "application/json"


async def test_one_connection_serves_many_requests() -> None:
    async with set_stage("over HTTP", gate=Gate()) as stage:
        ports = set()
        for _ in range(3):
            async with stage.http.stream("POST", stage.url + PATH, json=body("hello"), headers=HEADERS) as answer:
                await answer.aread()
                ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(ports) == 1


async def test_a_body_that_is_too_large_is_answered() -> None:
    async with set_stage("over HTTP", gate=Gate()) as stage:
        timeout = httpx2.Timeout(60)
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as patient:
            answer = await patient.post(stage.url + PATH, content=b" " * (MOST_BODY_BYTES + 70_000), headers=HEADERS)
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "request_too_large"


@pytest.mark.parametrize("fault", ["cut", "reset", "stall", "eof"])
async def test_accidents_leave_no_complaint_in_the_log(fault: str, uvicorn_log: pytest.LogCaptureFixture) -> None:
    async with set_stage("over HTTP", gate=Gate()) as stage:
        try:
            await post(stage, PATH, body(f"fault {fault}"))
        except httpx2.TransportError:
            assert fault != "eof"
        await until(lambda: stage.newest.outcome != "open")
        assert (await post(stage, PATH, body("hello"))).status_code == 200
    assert [record.getMessage() for record in uvicorn_log.records if record.levelno >= logging.WARNING] == []


async def test_stopping_the_server_ends_what_stalls() -> None:
    journal = Journal(keep=1)
    app = SandboxApp(exchange=Exchange(pacing=Pacing(sleep=Gate().sleep)), journal=journal)
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
        async with serving(app) as url:
            request = http.build_request("POST", url + PATH, json=body("fault stall"), headers=HEADERS)
            answer = await http.send(request, stream=True)
            chunks = answer.aiter_raw()
            assert b"message_start" in await anext(chunks)
        with pytest.raises(httpx2.TransportError):
            await _rest_of(chunks)
    assert journal.newest.outcome == "closed"


async def _rest_of(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
