from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from agents.llm.providers.base import ChatModel
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import WIRES, Wire

PATIENCE = 1.5
"""Seconds of silence after which the impatient client gives up."""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer().running() as running:
        yield running


@pytest.fixture
async def http_client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=120, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
async def impatient_client() -> AsyncIterator[httpx2.AsyncClient]:
    timeout = httpx2.Timeout(120, read=PATIENCE)
    async with httpx2.AsyncClient(timeout=timeout, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture(params=WIRES, ids=lambda wire: wire.name)
def wire(request: pytest.FixtureRequest) -> Wire:
    chosen: Wire = request.param
    return chosen


@pytest.fixture
def model(wire: Wire, server: ScriptedServer, http_client: httpx2.AsyncClient) -> ChatModel:
    return wire.model(http_client=http_client, url=server.url)


@pytest.fixture
def impatient_model(wire: Wire, server: ScriptedServer, impatient_client: httpx2.AsyncClient) -> ChatModel:
    return wire.model(http_client=impatient_client, url=server.url)
