"""No user's words close the account that everybody shares, unless the sandbox was started for it."""

from __future__ import annotations

import anthropic
import pytest

from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.scenario.file import read_scenario
from agents.sandbox.scenario.rules import Scenario
from agents.sandbox.script.faults import all_faults
from agents.sandbox.script.switches import FaultSwitches
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker, hear
from tests.agents.sandbox.stage import Gate, set_stage

CLOSING = ("retry_after_7200", "never_fits", "spend_limit", "credit_low")


def exchange(gate: Gate, *, scenario: str = "", closing_faults: bool = False) -> Exchange:
    told = read_scenario(scenario) if scenario else Scenario()
    return Exchange(pacing=Pacing(sleep=gate.sleep), scenario=told, closing_faults=closing_faults)


def test_these_close_it() -> None:
    assert tuple(fault.name for fault in all_faults() if fault.closes) == CLOSING


@pytest.mark.parametrize("speaker", [MessagesSpeaker, ChatSpeaker])
@pytest.mark.parametrize("name", CLOSING)
async def test_a_users_words_do_not(gate: Gate, name: str, speaker: type[MessagesSpeaker | ChatSpeaker]) -> None:
    async with set_stage("in process", gate=gate, exchange=exchange(gate)) as stage:
        for words in (f"fault {name}", f"fault {name} 2"):
            heard = await hear(speaker(stage), words)
            assert "would close the account, which everybody here shares, so nothing happens" in heard.text


async def test_where_it_was_started_for_it_they_do(gate: Gate) -> None:
    async with set_stage("in process", gate=gate, exchange=exchange(gate, closing_faults=True)) as stage:
        with pytest.raises(anthropic.RateLimitError):
            await MessagesSpeaker(stage).ask("fault spend_limit")


async def test_whoever_wrote_the_scenario_or_set_the_switch_may(gate: Gate) -> None:
    played = exchange(gate, scenario="[[rule]]\nmatch.contains = 'echo hi'\nthen.fault = 'spend_limit'")
    async with set_stage("in process", gate=gate, exchange=played) as stage:
        with pytest.raises(anthropic.RateLimitError):
            await MessagesSpeaker(stage).ask("echo hi")
    switched = exchange(gate)
    switches: FaultSwitches = switched.switches
    switches.switch_on("credit_low")
    async with set_stage("in process", gate=gate, exchange=switched) as stage:
        with pytest.raises(anthropic.BadRequestError):
            await MessagesSpeaker(stage).ask("echo hi")


async def test_other_faults_are_played_for_everybody(gate: Gate) -> None:
    async with set_stage("in process", gate=gate, exchange=exchange(gate)) as stage:
        with pytest.raises(anthropic.InternalServerError):
            await MessagesSpeaker(stage).ask("fault error_529")
