"""Messages on their way out: exact examples, and the ordering rules of each wire for any repaired history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.llm.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    user_text,
)
from agents.llm.providers import anthropic_request, openai_chat_request, openai_responses_request
from agents.llm.repair import repair
from tests.agents.llm.providers.requests import WEATHER, ask


def assistant(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts)


def tool(*parts: ToolResult) -> Message:
    return Message(role="tool", parts=parts)


def call(id: str, arguments: str = "{}") -> ToolCall:
    return ToolCall(id=id, name="f", arguments=arguments)


def result(id: str, text: str = "ok", **more: Any) -> ToolResult:
    return ToolResult(call_id=id, name="f", text=text, **more)


def anthropic_messages(messages: Iterable[Message], model: str = "some-model") -> list[dict[str, Any]]:
    return anthropic_request.wire_messages(messages, model=model)


def responses_items(messages: Iterable[Message], model: str = "some-model") -> list[dict[str, Any]]:
    return openai_responses_request.wire_items(messages, model=model)


CONVERSATION = (
    user_text("One"),
    user_text("Two"),
    assistant(ReasoningPart(text="Hm", signature="s"), TextPart(text="Looking."), call("a", '{"x": 1}'), call("b", "")),
    tool(result("a")),
    tool(result("b", "boom", ok=False)),
    user_text("And?"),
    assistant(TextPart(text="Done.")),
)


class TestAnthropic:
    def test_a_conversation(self) -> None:
        assert anthropic_messages(CONVERSATION) == [
            {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Looking."},
                    {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                    {"type": "tool_use", "id": "b", "name": "f", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "ok"},
                    {"type": "tool_result", "tool_use_id": "b", "content": "boom", "is_error": True},
                    {"type": "text", "text": "And?"},
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "Done."}]},
        ]

    def test_results_come_first_in_their_message(self) -> None:
        history = (assistant(call("a"), call("b")), tool(result("a")), user_text("Hurry"), tool(result("b")))
        blocks = anthropic_messages(history)[1]["content"]
        assert [block["type"] for block in blocks] == ["tool_result", "tool_result", "text"]

    def test_arguments_that_are_no_object_stay_visible(self) -> None:
        for raw in ("{oops", "[1]", "NaN", '"\\ud800"'):
            (message,) = anthropic_messages([assistant(call("a", raw))])
            assert message["content"][0]["input"] == {"_invalid_json": raw}

    def test_names_and_ids_of_other_servers_are_made_fit_and_still_match(self) -> None:
        odd = ToolCall(id="functions.f:0", name="get weather!" + "x" * 99)
        sent = anthropic_messages([assistant(odd), tool(result("functions.f:0"))])
        assert sent[0]["content"][0]["id"] == sent[1]["content"][0]["tool_use_id"] == "functions_f_0"
        assert sent[0]["content"][0]["name"] == "get_weather_" + "x" * 52

    def test_nothing_to_say_is_not_sent(self) -> None:
        history = (user_text("Hi"), assistant(ReasoningPart(text="Hm")), user_text("Still there?"))
        assert [message["role"] for message in anthropic_messages(history)] == ["user"]

    def test_a_blank_question_is_still_a_question(self) -> None:
        (message,) = anthropic_messages([user_text(" \n")])
        assert message["content"] == [{"type": "text", "text": "(empty message)"}]

    def test_a_blank_result_has_no_content(self) -> None:
        assert anthropic_messages([tool(result("a", ""))]) == [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}
        ]


class TestOpenAI:
    def test_a_conversation(self) -> None:
        def function(id: str, arguments: str) -> dict[str, Any]:
            return {"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}}

        assert openai_chat_request.wire_messages(CONVERSATION) == [
            {"role": "user", "content": "One"},
            {"role": "user", "content": "Two"},
            {
                "role": "assistant",
                "content": "Looking.",
                "tool_calls": [function("a", '{"x": 1}'), function("b", "{}")],
            },
            {"role": "tool", "tool_call_id": "a", "content": "ok"},
            {"role": "tool", "tool_call_id": "b", "content": "boom"},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "Done."},
        ]

    def test_names_of_other_servers_are_made_fit(self) -> None:
        (message,) = openai_chat_request.wire_messages([assistant(ToolCall(id="a", name="get weather!"))])
        assert message["tool_calls"][0]["function"]["name"] == "get_weather_"

    def test_content_is_null_beside_calls_only(self) -> None:
        with_call, *rest = openai_chat_request.wire_messages([assistant(call("a")), assistant(TextPart(text=""))])
        assert with_call["content"] is None
        assert rest == []

    def test_arguments_that_are_no_object_stay_visible_as_one(self) -> None:
        for raw in ("{oops", "[1]", "NaN"):
            (message,) = openai_chat_request.wire_messages([assistant(call("a", raw))])
            assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"_invalid_json": raw}


class TestResponses:
    def test_a_conversation(self) -> None:
        def said(role: str, text: str) -> dict[str, Any]:
            return {"type": "message", "role": role, "content": text}

        def function(id: str, arguments: str) -> dict[str, Any]:
            return {"type": "function_call", "call_id": id, "name": "f", "arguments": arguments}

        assert responses_items(CONVERSATION) == [
            said("user", "One"),
            said("user", "Two"),
            said("assistant", "Looking."),
            function("a", '{"x": 1}'),
            function("b", "{}"),
            {"type": "function_call_output", "call_id": "a", "output": "ok"},
            {"type": "function_call_output", "call_id": "b", "output": "boom"},
            said("user", "And?"),
            said("assistant", "Done."),
        ]

    def test_nothing_to_say_is_not_sent(self) -> None:
        assert responses_items([assistant(TextPart(text=""), ReasoningPart(text="Hm"))]) == []

    def test_names_of_other_servers_are_made_fit(self) -> None:
        (item,) = responses_items([assistant(ToolCall(id="a", name="get weather!"))])
        assert item["name"] == "get_weather_"

    def test_arguments_that_are_no_object_stay_visible_as_one(self) -> None:
        for raw in ("{oops", "[1]", "NaN"):
            (item,) = responses_items([assistant(call("a", raw))])
            assert json.loads(item["arguments"]) == {"_invalid_json": raw}


texts = st.sampled_from(["", " \n", "a", "Ω🙂"])
ids = st.sampled_from("abc")
calls = st.builds(call, ids, st.sampled_from(["", "{}", '{"x": [1]}', "{oops", "[]"]))
results = st.builds(result, ids, texts, ok=st.booleans())
messages = st.one_of(
    st.builds(user_text, texts),
    st.lists(
        st.one_of(st.builds(TextPart, text=texts), calls, st.builds(ReasoningPart, text=texts, signature=texts)),
        max_size=4,
    ).map(lambda parts: assistant(*parts)),
    st.lists(results, max_size=3).map(lambda parts: tool(*parts)),
)
histories = st.lists(messages, max_size=10).map(lambda history: repair(history).messages)


def ids_of(message: dict[str, Any], kind: str, key: str) -> list[str]:
    return [block[key] for block in message["content"] if block["type"] == kind]


@given(histories)
def test_any_repaired_history_keeps_the_rules_of_the_messages_wire(history: tuple[Message, ...]) -> None:
    sent = anthropic_messages(history)
    roles = [message["role"] for message in sent]
    assert all(before != after for before, after in pairwise(roles)), "roles alternate"
    assert not history or roles[0] == ("assistant" if history[0].role == "assistant" else "user")
    assert not history or roles[-1] == ("assistant" if history[-1].role == "assistant" else "user")
    for before, after in zip([{"content": []}, *sent], [*sent, {"content": []}], strict=True):
        asked = ids_of(before, "tool_use", "id")
        answered = ids_of(after, "tool_result", "tool_use_id")
        assert sorted(asked) == sorted(answered), "every call is answered in the next message, and nothing else is"
        kinds = [block["type"] for block in after["content"]]
        assert kinds[: len(answered)] == ["tool_result"] * len(answered), "results come first"
    for message in sent:
        assert message["content"]
        assert all(block["text"].strip() for block in message["content"] if block["type"] == "text")
        assert all(isinstance(block["input"], dict) for block in message["content"] if block["type"] == "tool_use")


@given(histories)
def test_any_repaired_history_keeps_the_rules_of_the_chat_completions_wire(history: tuple[Message, ...]) -> None:
    waiting: set[str] = set()
    for message in openai_chat_request.wire_messages(history):
        if message["role"] == "tool":
            assert message["tool_call_id"] in waiting, "a result follows its call"
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, "every call is answered before anything else is said"
        asked = message.get("tool_calls", [])
        waiting = {tool_call["id"] for tool_call in asked}
        assert len(waiting) == len(asked)
        assert isinstance(message["content"], str) or asked
        assert all(isinstance(json.loads(tool_call["function"]["arguments"]), dict) for tool_call in asked)
    assert not waiting


@given(histories)
def test_any_repaired_history_keeps_the_rules_of_the_responses_wire(history: tuple[Message, ...]) -> None:
    waiting: set[str] = set()
    for item in responses_items(history):
        if item["type"] == "function_call":
            assert item["call_id"] not in waiting
            assert isinstance(json.loads(item["arguments"]), dict)
            waiting.add(item["call_id"])
        elif item["type"] == "function_call_output":
            assert item["call_id"] in waiting, "a result follows its call"
            waiting.remove(item["call_id"])
        else:
            assert item["role"] == "assistant" or not waiting, "every call is answered before the user speaks again"
            assert isinstance(item["content"], str)
    assert not waiting


@given(histories)
def test_the_same_request_gives_the_same_bytes_and_stays_as_it_was(history: tuple[Message, ...]) -> None:
    request = ask(messages=history, tools=(WEATHER,), temperature=0.5)
    before = repr(request)
    for body in (
        anthropic_request.request_body,
        openai_chat_request.request_body,
        openai_responses_request.request_body,
    ):
        assert json.dumps(body(request)) == json.dumps(body(request))
    assert repr(request) == before
