"""Scenarios as they are played, on every wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import openai
import pytest

from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.scenario.file import read_scenario
from tests.agents.sandbox.speakers import (
    QUERY_TOOL,
    ChatSpeaker,
    MessagesSpeaker,
    ResponsesSpeaker,
    Speaker,
    hear,
)
from tests.agents.sandbox.stage import Gate, Stage, set_stage

KINDS = pytest.mark.parametrize("kind", [MessagesSpeaker, ChatSpeaker, ResponsesSpeaker], ids=lambda kind: kind.name)
Kind = type[MessagesSpeaker | ChatSpeaker | ResponsesSpeaker]


@asynccontextmanager
async def playing(text: str) -> AsyncIterator[Stage]:
    gate = Gate()
    exchange = Exchange(pacing=Pacing(sleep=gate.sleep), scenario=read_scenario(text))
    async with set_stage("in process", gate=gate, exchange=exchange) as stage:
        yield stage


@KINDS
async def test_the_first_rule_that_fits_answers(kind: Kind) -> None:
    scenario = """
    [[rule]]
    match.contains = "WEATHER"
    then.say = "It rains."

    [[rule]]
    match.contains = "weather in Lyon"
    then.say = "never reached"

    [[rule]]
    match.model = "sandbox-*"
    match.contains = "time"
    then.say = "Noon."
    """
    async with playing(scenario) as stage:
        speaker: Speaker = kind(stage)
        assert (await hear(speaker, "What is the weather in Lyon?")).text == "It rains."
        assert (await hear(speaker, "What time is it?")).text == "Noon."
        assert (await hear(speaker, "echo something else")).text == "something else", "the words still hold"


async def test_a_rule_may_be_for_one_wire_and_one_family(near_stage: Stage) -> None:
    scenario = """
    [[rule]]
    match = { wire = "responses", model = "gpt-6*" }
    then.say = "Here."
    """
    async with playing(scenario) as stage:
        assert (await hear(ResponsesSpeaker(stage), "echo no", model="gpt-6-sol")).text == "Here."
        assert (await hear(ResponsesSpeaker(stage), "echo no")).text == "no"
        assert (await hear(ChatSpeaker(stage), "echo no", model="gpt-6-sol")).text == "no"


@KINDS
async def test_calls_are_counted_per_rule(kind: Kind) -> None:
    scenario = """
    [[rule]]
    match = { contains = "hello", call = 2 }
    then.fault = "error_529"

    [[rule]]
    match.contains = "hello"
    then.say = "Hi."
    """
    async with playing(scenario) as stage:
        speaker: Speaker = kind(stage)
        assert (await hear(speaker, "hello")).text == "Hi."
        assert (await hear(speaker, "echo other")).text == "other"
        with pytest.raises((anthropic.InternalServerError, openai.InternalServerError)):
            await speaker.ask("hello")
        assert (await hear(speaker, "hello")).text == "Hi."


@KINDS
async def test_tool_calls_with_arguments_and_then_an_answer(kind: Kind) -> None:
    scenario = """
    [[rule]]
    match = { contains = "weather", rounds = 0 }
    [rule.then]
    say = "Let me look."
    tool_calls = [
      { name = "get_weather", arguments = { city = "Lyon", days = 2 } },
      { name = "broken", arguments = '{"city": ' },
      { name = "plain" },
    ]

    [[rule]]
    match = { contains = "weather", rounds = 1 }
    then.say = "It rains in Lyon."
    """
    async with playing(scenario) as stage:
        speaker: Speaker = kind(stage)
        first = await hear(speaker, "The weather?", tools=[QUERY_TOOL])
        assert (first.text, first.finish in ("tool_use", "tool_calls")) == ("Let me look.", True)
        assert [call.name for call in first.calls] == ["get_weather", "broken", "plain"]
        assert json.loads(first.calls[0].arguments) == {"city": "Lyon", "days": 2}
        assert first.calls[1].arguments == '{"city": '
        assert json.loads(first.calls[2].arguments or "{}") == {}
        first.calls[1].arguments = "{}"
        history = speaker.answered("The weather?", heard=first, results=["rain", "x", "y"])
        last = await hear(speaker, "", history=history, tools=[QUERY_TOOL])
        assert last.text == "It rains in Lyon."


async def test_thinking_by_length_and_by_text() -> None:
    scenario = """
    [[rule]]
    match.contains = "long"
    then = { think = 50, say = "Done." }
    [[rule]]
    match.contains = "text"
    then = { think = "The user wants a text.", say = "Done." }
    [[rule]]
    match.contains = "echo"
    then.think = "First this."
    """
    async with playing(scenario) as stage:
        sdk = MessagesSpeaker(stage).sdk

        async def reply(text: str) -> anthropic.types.Message:
            messages: Any = [{"role": "user", "content": text}]
            return await sdk.messages.create(model="sandbox-claude", max_tokens=900, messages=messages)

        long = await reply("long")
        assert [block.type for block in long.content] == ["thinking", "text"]
        assert long.usage.output_tokens_details is not None
        assert long.usage.output_tokens_details.thinking_tokens == pytest.approx(50, abs=3)
        text = (await reply("text")).content[0]
        assert text.type == "thinking"
        assert text.thinking == "The user wants a text."
        both = (await reply("echo hi")).to_dict()["content"]
        assert [block.get("thinking") or block.get("text") for block in both] == ["First this.", "hi"]  # type: ignore[attr-defined]


@KINDS
async def test_usage_is_what_the_rule_says(kind: Kind) -> None:
    scenario = """
    [[rule]]
    match.contains = "some"
    then.usage = { output_tokens = 7 }
    [[rule]]
    then.usage = { input_tokens = 5000, output_tokens = 70, thought_tokens = 30, cache_read_tokens = 4000 }
    """
    async with playing(scenario) as stage:
        speaker: Speaker = kind(stage)
        heard = await hear(speaker, "echo some")
        assert heard.usage is not None
        assert heard.usage[0] < 100
        assert heard.usage[1] == 7
        heard = await hear(speaker, "echo hi")
        assert heard.text == "hi"
        assert heard.usage == (1_000 if speaker.name == "messages" else 5_000, 70)
        assert (stage.newest.input_tokens, stage.newest.output_tokens) == (5_000, 70)


@KINDS
async def test_a_fault_in_a_text_of_the_rules_own(kind: Kind) -> None:
    scenario = """
    [[rule]]
    match.contains = "cap"
    then = { say = "One two three four.", fault = "max_tokens" }
    [[rule]]
    match.contains = "tool"
    then = { tool_calls = [{ name = "query", arguments = { text = "a long one" } }], fault = "eof_tool" }
    """
    async with playing(scenario) as stage:
        speaker: Speaker = kind(stage)
        heard = await hear(speaker, "cap")
        assert "One two three four.".startswith(heard.text)
        assert heard.finish in ("max_tokens", "length")
        heard = await hear(speaker, "tool")
        assert (len(heard.calls), heard.finish) == (1, None)


@KINDS
async def test_delay_and_pace(kind: Kind) -> None:
    scenario = """
    [[rule]]
    then = { say = "one two three", delay = 2.5, slow = true }
    """
    async with playing(scenario) as stage:
        await hear(kind(stage), "hello")
        assert stage.gate.rests[0] == 2.5
        assert max(stage.gate.rests[1:]) > 0.05


async def test_a_switched_fault_goes_before_the_scenario() -> None:
    gate = Gate()
    exchange = Exchange(pacing=Pacing(sleep=gate.sleep), scenario=read_scenario("[[rule]]\nthen.say = 'Hi.'"))
    async with set_stage("in process", gate=gate, exchange=exchange) as stage:
        exchange.switches.switch_on("tool_same_index")
        heard = await hear(ChatSpeaker(stage), "hello", tools=[QUERY_TOOL])
        assert len(heard.calls) == 2
        assert (await hear(ChatSpeaker(stage), "hello", tools=[QUERY_TOOL])).text == "Hi."
