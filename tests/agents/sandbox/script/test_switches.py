"""Faults that are switched on from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anthropic
import openai
import pytest

from agents.sandbox.exchange import Exchange
from agents.sandbox.limits import Admission, BucketLevel, Unlimited
from agents.sandbox.pace import Pacing
from agents.sandbox.script.switches import FaultSwitches
from tests.agents.sandbox.speakers import QUERY_TOOL, ChatSpeaker, MessagesSpeaker, hear
from tests.agents.sandbox.stage import Gate, Stage, set_stage
from tests.agents.sandbox.wire.posting import post


@pytest.fixture
def switches() -> FaultSwitches:
    return FaultSwitches()


class Levels(Unlimited):
    def admit(self, **request: object) -> Admission:
        return Admission(levels=(BucketLevel(dimension="requests", limit=9, remaining=8, full_in=1),))


@pytest.fixture
async def stage(gate: Gate, switches: FaultSwitches) -> AsyncIterator[Stage]:
    exchange = Exchange(pacing=Pacing(sleep=gate.sleep), switches=switches, limits=Levels())
    async with set_stage("in process", gate=gate, exchange=exchange) as ready:
        yield ready


async def test_a_switched_fault_strikes_as_often_as_it_was_set_to(stage: Stage, switches: FaultSwitches) -> None:
    switches.switch_on("error_529", times=2)
    speaker = MessagesSpeaker(stage)
    for _ in range(2):
        with pytest.raises(anthropic.InternalServerError):
            await speaker.ask("echo hi")
    assert (await hear(speaker, "echo hi")).text == "hi"


async def test_it_strikes_until_it_is_switched_off(stage: Stage, switches: FaultSwitches) -> None:
    switches.switch_on("auth_401", times=None)
    for _ in range(3):
        with pytest.raises(openai.AuthenticationError):
            await ChatSpeaker(stage).ask("echo hi")
    switches.switch_off()
    assert (await hear(ChatSpeaker(stage), "echo hi")).text == "hi"


async def test_faults_strike_in_their_order_and_wait_for_what_they_need(stage: Stage, switches: FaultSwitches) -> None:
    switches.switch_on("tool_same_index")
    switches.switch_on("eof")
    assert (await hear(ChatSpeaker(stage), "echo hello there")).finish is None, (
        "there was no tool, so the second struck"
    )
    assert (await hear(MessagesSpeaker(stage), "echo hi", tools=[QUERY_TOOL])).text == "hi", "not on this wire"
    assert len((await hear(ChatSpeaker(stage), "echo hi", tools=[QUERY_TOOL])).calls) > 0


def test_a_name_that_is_no_fault() -> None:
    with pytest.raises(ValueError, match="no fault 'gremlins'"):
        FaultSwitches().switch_on("gremlins")  # type: ignore[arg-type]


async def test_missing_rate_headers(stage: Stage, switches: FaultSwitches) -> None:
    body = {"model": "sandbox-gpt", "messages": [{"role": "user", "content": "hi"}]}
    told = (await post(stage, "/v1/chat/completions", body)).headers
    assert told["x-ratelimit-limit-requests"] == "9"
    switches.switch_on("no_rate_headers")
    answer = await post(stage, "/v1/chat/completions", body)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if "ratelimit" in name]
