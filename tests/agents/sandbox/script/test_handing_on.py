"""The sandbox hands on what is for another agent, and passes on what came back as it is."""

from __future__ import annotations

import json

import pytest

from tests.agents.sandbox.speakers import PLAIN_TOOL, Speaker, Tool, hear

DELEGATE = Tool(
    name="delegate",
    parameters={
        "type": "object",
        "properties": {
            "agent": {"type": "string", "enum": ["datadog-champion", "api-correlator"]},
            "task": {"type": "string"},
        },
        "required": ["agent", "task"],
    },
)
TOOLS = [PLAIN_TOOL, DELEGATE]
WHY = "Why are we seeing 500 errors in payment-service?"
REPORT = (
    "**Finding**: v2 did it.\n\nResults that X found, by their handles: 1-1 (look).\n"
    "[Summarised; recall 2-1 reads all of it]"
)


@pytest.mark.parametrize(
    ("question", "agent"),
    [
        (WHY, "datadog-champion"),
        ("Which monitors alert right now?", "datadog-champion"),
        ("Which orders disagree between orders and payments?", "api-correlator"),
        ("Find the mismatches of orders and errors in payments", "api-correlator"),
    ],
)
async def test_a_question_goes_to_the_agent_that_it_is_for(near_speaker: Speaker, question: str, agent: str) -> None:
    [call] = (await hear(near_speaker, question, tools=TOOLS)).calls
    assert call.name == "delegate"
    assert json.loads(call.arguments) == {"agent": agent, "task": question}


@pytest.mark.parametrize("question", ["hello", "echo errors", "How do you stay inside rate limits?"])
async def test_other_questions_are_answered(near_speaker: Speaker, question: str) -> None:
    assert not (await hear(near_speaker, question, tools=TOOLS)).calls


async def test_nothing_is_handed_on_where_that_is_not_offered(near_speaker: Speaker) -> None:
    assert not (await hear(near_speaker, WHY, tools=[PLAIN_TOOL])).calls


async def test_the_report_is_passed_on_without_what_was_meant_for_the_model(near_speaker: Speaker) -> None:
    first = await hear(near_speaker, WHY, tools=TOOLS)
    history = near_speaker.answered(WHY, heard=first, results=[REPORT])
    heard = await hear(near_speaker, "", history=history, tools=TOOLS)
    assert not heard.calls
    assert heard.text.startswith("**Finding**: v2 did it.\n\nThis is the report of `datadog-champion`")


async def test_a_failure_is_told(near_speaker: Speaker) -> None:
    first = await hear(near_speaker, WHY, tools=TOOLS)
    history = near_speaker.answered(WHY, heard=first, results=["Error: too few iterations are left"])
    heard = await hear(near_speaker, "", history=history, tools=TOOLS)
    assert "got no report. Error: too few iterations" in heard.text


async def test_rounds_of_calls_hand_nothing_on_while_there_is_something_else(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, "parallel 4", tools=TOOLS)
    assert {call.name for call in heard.calls} == {PLAIN_TOOL.name}


async def test_rounds_that_come_again_differ_from_the_third_on(near_speaker: Speaker) -> None:
    said = Tool(
        name="say", parameters={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    )
    heard = await hear(near_speaker, "parallel 5", tools=[said])
    assert len({call.arguments for call in heard.calls}) == 4
