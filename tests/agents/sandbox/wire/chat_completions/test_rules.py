"""What Chat Completions refuses, with its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import post

PATH = "/v1/chat/completions"
HEADERS = {"authorization": "Bearer any"}
FUNCTION = {"name": "query", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def calling(*names: str, content: str | None = None) -> dict[str, Any]:
    calls = [{"id": name, "type": "function", "function": {"name": "query", "arguments": "{}"}} for name in names]
    return {"role": "assistant", "content": content, "tool_calls": calls}


def result(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": "fine"}


def body(**changes: Any) -> dict[str, Any]:
    whole = {"model": "sandbox-gpt", "messages": [user("hello")], **changes}
    return {name: value for name, value in whole.items() if value is not None}


WRONG_BODIES: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    (body(messages=None), "Missing required parameter: 'messages'.", "missing_required_parameter", "messages"),
    (body(messages=[]), "Invalid 'messages': empty array.", "empty_array", "messages"),
    (body(messages="x"), "Invalid type for 'messages'", "invalid_type", "messages"),
    (body(colour="red"), "Unrecognized request argument supplied: colour", None, None),
    (
        body(messages=[{**user("x"), "colour": 1}]),
        "Unknown parameter: 'messages[0].colour'.",
        "unknown_parameter",
        "messages[0].colour",
    ),
    (body(messages=[{"role": "wizard", "content": "x"}]), "Invalid 'messages[0].role'", "invalid_value", None),
    (body(messages=[user(None)]), "expected a string, got null", None, "messages.[0].content"),
    (body(messages=[user([])]), "Invalid 'messages[0].content': empty array.", "empty_array", None),
    (body(messages=[{"role": "assistant"}]), "expected a string, got null", None, None),
    (
        body(temperature=2.5),
        "Invalid 'temperature': Expected a value <= 2, but got 2.5 instead.",
        "decimal_above_max_value",
        "temperature",
    ),
    (body(temperature=-1), "Expected a value >= 0", "decimal_below_min_value", "temperature"),
    (
        body(max_tokens=128_000),
        "max_tokens is too large: 128000. This model supports at most 16384 completion tokens",
        "invalid_value",
        "max_tokens",
    ),
    (body(max_completion_tokens=16_385), "max_completion_tokens is too large", "invalid_value", None),
    (body(max_tokens=5, max_completion_tokens=5), "at the same time", "invalid_parameter_combination", None),
    (body(max_tokens=0), "Invalid 'max_tokens'", "decimal_below_min_value", "max_tokens"),
    (body(stream_options={"include_usage": True}), "only allowed when 'stream' is enabled", None, "stream_options"),
    (body(n=2), "'n' is not supported by the sandbox", "unsupported_parameter", "n"),
    (body(response_format={"type": "json_object"}), "not supported by the sandbox", "unsupported_parameter", None),
    (body(logprobs=True), "'logprobs' is not supported", "unsupported_parameter", "logprobs"),
    (body(tools=[]), "Invalid 'tools': empty array.", "empty_array", "tools"),
    (body(tool_choice="none"), "'tool_choice' is only allowed when 'tools' are specified", None, "tool_choice"),
    (body(parallel_tool_calls=True), "only allowed when 'tools' are specified", None, "parallel_tool_calls"),
    (body(tools=[TOOL], tool_choice="other"), "is no tool of this request", "invalid_value", "tool_choice"),
    (
        body(tools=[{"type": "function", "function": {**FUNCTION, "parameters": {}}}]),
        "Invalid schema for function 'query'",
        "invalid_function_parameters",
        "tools[0].function.parameters",
    ),
    (
        body(tools=[{"type": "function", "function": {**FUNCTION, "name": "a b"}}]),
        "Invalid 'tools[0].function.name'",
        "invalid_value",
        None,
    ),
    (
        body(messages=[user("x"), result("a")]),
        "must be a response to a preceeding message with 'tool_calls'",
        None,
        "messages.[1].role",
    ),
    (body(messages=[result("a")]), "must be a response to a preceeding message", None, "messages.[0].role"),
    (
        body(messages=[user("x"), calling("a"), result("b")]),
        "did not have response messages: a",
        None,
        "messages.[2].role",
    ),
    (
        body(messages=[user("x"), calling("a"), result("a"), result("b")]),
        "must be a response to a preceeding message",
        None,
        "messages.[3].role",
    ),
    (
        body(messages=[user("x"), calling("a"), result("a"), result("a")]),
        "must be a response to a preceeding message",
        None,
        "messages.[3].role",
    ),
    (
        body(messages=[user("x"), calling("a", "b"), result("a"), user("y")]),
        "The following tool_call_ids did not have response messages: b",
        None,
        "messages.[2].role",
    ),
    (body(messages=[user("x"), calling("a"), user("y"), result("a")]), "did not have response messages: a", None, None),
    (body(messages=[user("x"), calling("a")]), "must be followed by tool messages", None, None),
    (body(messages=[user("x"), {"role": "tool", "content": "y"}]), "Missing required parameter", None, None),
]


@pytest.mark.parametrize(("wrong", "words", "code", "param"), WRONG_BODIES)
async def test_wrong_bodies(
    near_stage: Stage, wrong: dict[str, Any], words: str, code: str | None, param: str | None
) -> None:
    answer = await post(near_stage, PATH, wrong, headers=HEADERS)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]
    assert code is None or error["code"] == code
    assert param is None or error["param"] == param
    assert answer.headers["x-request-id"]


RIGHT_BODIES = [
    body(),
    body(messages=[user("")]),
    body(messages=[{"role": "system", "content": "a"}, user("x"), {"role": "developer", "content": "b"}]),
    body(messages=[user("x"), calling("a", "b", content="y"), result("b"), result("a"), user("z")]),
    body(messages=[user("x"), calling("a"), result("a"), calling("a"), result("a")]),
    body(messages=[user([{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:,"}}])]),
    body(messages=[user("x"), {"role": "assistant", "content": "y"}]),
    body(tools=[TOOL], tool_choice="auto", parallel_tool_calls=False),
    body(temperature=2, top_p=1, seed=1, stop="x", user="u", max_completion_tokens=100, prompt_cache_key="k"),
    body(stream=False, max_tokens=16_384),
]


@pytest.mark.parametrize("right", RIGHT_BODIES)
async def test_right_bodies(near_stage: Stage, right: dict[str, Any]) -> None:
    answer = await post(near_stage, PATH, right, headers=HEADERS)
    assert (answer.status_code, answer.json().get("object")) == (200, "chat.completion"), answer.text


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"x-api-key": "any"}])
async def test_a_key_must_be_there(near_stage: Stage, headers: dict[str, str]) -> None:
    answer = await post(near_stage, PATH, body(), headers=headers)
    assert answer.status_code == 401
    assert "You didn't provide an API key" in answer.json()["error"]["message"]


OTHER_REFUSALS: list[tuple[Callable[[], dict[str, Any] | bytes], int, str | None, str]] = [
    (lambda: body(model="sandbox-claude"), 404, "model_not_found", "`sandbox-claude` does not exist"),
    (lambda: b'{"model":', 400, None, "could not parse the JSON body"),
    (lambda: b" " * (32 * 1024 * 1024 + 1), 413, None, "too large"),
    (
        lambda: body(messages=[user("word " * 131_000)]),
        400,
        "context_length_exceeded",
        "maximum context length is 128000 tokens. However, your messages resulted in 1310",
    ),
    (
        lambda: body(messages=[user("word " * 120_000)], max_tokens=16_000),
        400,
        "context_length_exceeded",
        "16000 in the completion). Please reduce the length of the messages or completion.",
    ),
]


@pytest.mark.parametrize(("sent", "status", "code", "words"), OTHER_REFUSALS, ids=[r[3] for r in OTHER_REFUSALS])
async def test_other_refusals(
    near_stage: Stage, sent: Callable[[], dict[str, Any] | bytes], status: int, code: str | None, words: str
) -> None:
    answer = await post(near_stage, PATH, sent(), headers=HEADERS)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert words in answer.json()["error"]["message"]


async def test_without_a_cap_the_window_is_the_cap(near_stage: Stage) -> None:
    sent = body(messages=[user("word " * 127_900 + "\nlong 500")])
    answer = await post(near_stage, PATH, sent, headers=HEADERS)
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert answer.json()["usage"]["total_tokens"] <= 128_000


async def test_without_include_usage_no_chunk_has_a_usage(near_stage: Stage) -> None:
    answer = await post(near_stage, PATH, body(stream=True), headers=HEADERS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "usage" not in answer.text
    assert "event:" not in answer.text
    assert answer.text.endswith("data: [DONE]\n\n")
