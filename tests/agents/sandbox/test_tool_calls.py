"""Rounds of tool calls: what the script asks for, and how it reads on the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.agents.sandbox.speakers import PLAIN_TOOL, QUERY_TOOL, Heard, Speaker, hear
from tests.agents.sandbox.stage import Stage

TOOLS = (QUERY_TOOL, PLAIN_TOOL)


async def rounds(speaker: Speaker, text: str, *, limit: int = 20) -> list[Heard]:
    """Plays an agent loop: every call is answered with "fine", tools are forbidden in round `limit`."""
    heard = [await hear(speaker, text, tools=TOOLS)]
    history: list[Any] = speaker.answered(text, heard=heard[0], results=["fine"] * len(heard[0].calls))
    while heard[-1].calls:
        forbid = len(heard) + 1 >= limit
        heard.append(await hear(speaker, "", history=history, tools=TOOLS, forbid_tools=forbid))
        history += speaker.answered("", heard=heard[-1], results=["fine"] * len(heard[-1].calls))
    return heard


async def test_one_call_with_arguments_that_the_schema_accepts(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "loop 1", tools=[QUERY_TOOL])
    assert heard.finish in ("tool_use", "tool_calls")
    assert [(call.name, json.loads(call.arguments)) for call in heard.calls] == [("query", {"text": "sandbox"})]
    assert heard.text


async def test_a_call_without_arguments(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "loop 1", tools=[PLAIN_TOOL])
    assert [(call.name, json.loads(call.arguments or "{}")) for call in heard.calls] == [("noop", {})]


async def test_a_tool_is_called_by_its_name_with_the_arguments_that_are_given(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, 'call query {"text": "mine"}', tools=TOOLS)
    assert [(call.name, json.loads(call.arguments)) for call in heard.calls] == [("query", {"text": "mine"})]
    sentence = await hear(speaker, "call nobody", tools=TOOLS)
    assert sentence.calls == []


async def test_parallel_calls_have_ids_of_their_own(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "parallel 4", tools=TOOLS)
    assert [call.name for call in heard.calls] == ["query", "noop", "query", "noop"]
    assert len({call.id for call in heard.calls}) == 4
    assert [json.loads(call.arguments or "{}") for call in heard.calls] == [{"text": "sandbox"}, {}] * 2


async def test_loop_takes_as_many_rounds_as_asked_and_then_answers(speaker: Speaker, stage: Stage) -> None:
    heard = await rounds(speaker, "loop 3")
    assert [len(part.calls) for part in heard] == [1, 1, 1, 0]
    assert heard[-1].finish in ("end_turn", "stop")
    assert "Rounds of tool calls: 3" in heard[-1].text
    assert heard[-1].text.count("`fine`") == 3
    assert len(stage.journal) == 4


async def test_loop_and_parallel_combine(speaker: Speaker, stage: Stage) -> None:
    heard = await rounds(speaker, "loop 2 parallel 3")
    assert [len(part.calls) for part in heard] == [3, 3, 0]


async def test_a_loop_that_is_cut_says_so(speaker: Speaker, stage: Stage) -> None:
    heard = await rounds(speaker, "loop 30", limit=3)
    assert [len(part.calls) for part in heard] == [1, 1, 0]
    assert "cut at the limit after 2 of 30 rounds" in heard[-1].text


async def test_without_tools_there_is_an_answer(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "loop 3")
    assert not heard.calls
    assert "no tools" in heard.text


async def test_rounds_that_were_left_out_still_count(near_speaker: Speaker) -> None:
    """A token limiter may leave out iterations of the running turn: the loop must end all the same."""
    first = await hear(near_speaker, "loop 2", tools=TOOLS)
    history = near_speaker.answered("loop 2", heard=first, results=["fine"])
    second = await hear(near_speaker, "", history=history, tools=TOOLS)
    shortened = near_speaker.answered("loop 2", heard=second, results=["fine"])
    last = await hear(near_speaker, "", history=shortened, tools=TOOLS)
    assert not last.calls


async def test_a_new_question_starts_anew(near_speaker: Speaker) -> None:
    first = await hear(near_speaker, "loop 1", tools=TOOLS)
    history = near_speaker.answered("loop 1", heard=first, results=["fine"])
    again = await hear(near_speaker, "loop 1", history=history, tools=TOOLS)
    assert len(again.calls) == 1
    assert again.calls[0].id != first.calls[0].id


async def test_a_client_may_want_one_call_at_a_time(near_speaker: Speaker) -> None:
    one: dict[str, Any] = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    if near_speaker.name != "messages":
        one = {"parallel_tool_calls": False}
    assert len((await hear(near_speaker, "parallel 3", tools=TOOLS, **one)).calls) == 1


async def test_a_forced_tool_is_called(near_speaker: Speaker) -> None:
    named = {"type": "tool", "name": "noop"}
    function = {"type": "function", "function": {"name": "noop"}}
    flat = {"type": "function", "name": "noop"}
    choices: dict[str, tuple[Any, Any]] = {
        "messages": (named, {"type": "any"}),
        "chat completions": (function, "required"),
        "responses": (flat, "required"),
    }
    for choice, expected in zip(choices[near_speaker.name], ("noop", "query"), strict=True):
        heard = await hear(near_speaker, "hello", tools=TOOLS, tool_choice=choice)
        assert [call.name for call in heard.calls] == [expected]


async def test_it_asks_to_post_what_it_was_told(speaker: Speaker, stage: Stage) -> None:
    tools = [PLAIN_TOOL, replace(QUERY_TOOL, name="call_source", parameters={"type": "object", "properties": {}})]
    heard = await hear(speaker, 'post shop /orders/7 {"note": "x"}', tools=tools)
    assert [(call.name, json.loads(call.arguments)) for call in heard.calls] == [
        ("call_source", {"source": "shop", "path": "/orders/7", "method": "POST", "body": {"note": "x"}})
    ]


async def test_it_cannot_post_without_the_tool(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "post shop /orders/7 {}", tools=TOOLS)
    assert heard.calls == []
    assert "I was offered no `call_source`" in heard.text
