from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agents.llm.vocabulary import load_encoding
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker, ResponsesSpeaker, Speaker
from tests.agents.sandbox.stage import Gate, Stage, Way, set_stage


@pytest.fixture(scope="session", autouse=True)
def vocabulary() -> None:
    """Loaded before the first test: loading takes longer than the test clients wait."""
    load_encoding("o200k_base")


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture(params=["in process", "over HTTP"])
async def stage(request: pytest.FixtureRequest, gate: Gate) -> AsyncIterator[Stage]:
    way: Way = request.param
    async with set_stage(way, gate=gate) as ready:
        yield ready


@pytest.fixture
async def near_stage(gate: Gate) -> AsyncIterator[Stage]:
    """In this process only, for what does not depend on the way."""
    async with set_stage("in process", gate=gate) as ready:
        yield ready


@pytest.fixture(params=[MessagesSpeaker, ChatSpeaker, ResponsesSpeaker], ids=lambda kind: kind.name)
def speaker(request: pytest.FixtureRequest, stage: Stage) -> Speaker:
    chosen: Speaker = request.param(stage)
    return chosen


@pytest.fixture(params=[MessagesSpeaker, ChatSpeaker, ResponsesSpeaker], ids=lambda kind: kind.name)
def near_speaker(request: pytest.FixtureRequest, near_stage: Stage) -> Speaker:
    chosen: Speaker = request.param(near_stage)
    return chosen
