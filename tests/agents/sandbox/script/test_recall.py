"""`recall WORD` looks at what was sent, and at nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.sandbox.speakers import PLAIN_TOOL, Call, ChatSpeaker, Heard, MessagesSpeaker, Speaker, hear
from tests.agents.sandbox.stage import Stage

HISTORY = [
    {"role": "user", "content": "My cat is called Zebra."},
    {"role": "assistant", "content": "Noted."},
]


async def test_a_word_that_was_sent_is_found(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, "recall zebra", history=HISTORY)
    assert heard.text == "Yes: `zebra` is in what I was sent (message 1 of 3, role user)."


async def test_the_question_itself_does_not_count(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, "recall giraffe", history=HISTORY)
    assert heard.text.startswith("No: `giraffe`")


async def test_an_earlier_question_and_its_answer_do_not_count(near_speaker: Speaker) -> None:
    asked: list[Any] = [
        {"role": "user", "content": "recall giraffe"},
        {"role": "assistant", "content": "No: `giraffe` is not in what I was sent."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hello."},
    ]
    assert (await hear(near_speaker, "recall giraffe", history=asked)).text.startswith("No:")
    assert (await hear(near_speaker, "recall hello", history=asked)).text.startswith("Yes:")


@pytest.mark.parametrize("kind", [MessagesSpeaker, ChatSpeaker])
async def test_instructions_count(near_stage: Stage, kind: type[MessagesSpeaker | ChatSpeaker]) -> None:
    speaker: Speaker = kind(near_stage)
    system: dict[str, Any] = {"system": "You keep a giraffe."} if speaker.name == "messages" else {}
    history = [] if system else [{"role": "system", "content": "You keep a giraffe."}]
    heard = await hear(speaker, "recall giraffe", history=history, **system)
    assert heard.text == "Yes: `giraffe` is in what I was sent (the instructions)."


async def test_tool_arguments_and_results_count(near_speaker: Speaker) -> None:
    said = Heard(calls=[Call(id="a", name="noop", arguments='{"name":"okapi"}')])
    history = near_speaker.answered("look", heard=said, results=["a giraffe"])
    for word in ("okapi", "giraffe"):
        heard = await hear(near_speaker, f"recall {word}", history=history, tools=[PLAIN_TOOL])
        assert heard.text.startswith("Yes:"), word
