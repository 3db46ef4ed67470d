"""What the Responses API refuses, with its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.sandbox.sealing import Seal, write_seal
from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import post

PATH = "/v1/responses"
HEADERS = {"authorization": "Bearer any"}
TOOL = {"type": "function", "name": "query", "parameters": {"type": "object", "properties": {}}}
SEALED = write_seal(Seal(model="gpt-6-sol", tokens=20))


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def call(name: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": name, "name": "query", "arguments": "{}"}


def output(name: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": name, "output": "fine"}


def thought(sealed: str | None = SEALED) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed}


def body(**changes: Any) -> dict[str, Any]:
    whole = {"model": "sandbox-gpt", "input": [user("hello")], **changes}
    return {name: value for name, value in whole.items() if value is not None}


def sol(**changes: Any) -> dict[str, Any]:
    return body(model="gpt-6-sol", **changes)


WRONG_BODIES: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    (body(model=None), "Missing required parameter: 'model'.", "missing_required_parameter", "model"),
    (body(input=None), "Invalid 'input': empty array.", "empty_array", "input"),
    (body(input=[]), "Invalid 'input': empty array.", "empty_array", "input"),
    (body(input=7), "Invalid type for 'input'", "invalid_type", "input"),
    (body(messages=[]), "Unrecognized request argument supplied: messages", None, None),
    (body(max_tokens=20), "Unrecognized request argument supplied: max_tokens", None, None),
    (body(stop=["x"]), "Unrecognized request argument supplied: stop", None, None),
    (body(input=[{"type": "riddle"}]), "Invalid 'input[0]': Input tag 'riddle' found", "invalid_value", "input[0]"),
    (body(input=[{"role": "wizard", "content": "x"}]), "Invalid 'input[0].role'", "invalid_value", "input[0].role"),
    (body(input=[user([{"type": "text", "text": "x"}])]), "Invalid 'input[0].content[0].type'", "invalid_value", None),
    (body(input=[user(None)]), "Invalid type for 'input[0].content'", "invalid_type", "input[0].content"),
    (
        body(input=[user("x"), assistant([{"type": "input_text", "text": "y"}])]),
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        "invalid_value",
        "input[1].content[0]",
    ),
    (
        body(input=[user([{"type": "output_text", "text": "x"}])]),
        "Supported values are: 'input_text', 'input_image' and 'input_file'.",
        "invalid_value",
        "input[0].content[0]",
    ),
    (
        body(input=[user("x"), output("a")]),
        "No tool call found for function call output with call_id a.",
        None,
        "input",
    ),
    (body(input=[output("a"), call("a")]), "No tool call found for function call output", None, "input"),
    (body(input=[user("x"), call("a")]), "No tool output found for function call a.", None, "input"),
    (
        body(input=[user("x"), call("a"), call("b"), output("a")]),
        "No tool output found for function call b.",
        None,
        None,
    ),
    (body(input=[user("x"), call("a"), output("a"), output("a")]), "No tool call found", None, None),
    (
        body(input=[user("x"), thought(), user("y")]),
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        None,
        "input",
    ),
    (body(input=[user("x"), thought()]), "without its required following item", None, None),
    (
        body(input=[user("x"), thought(SEALED[:-8] + "AAAAAAAA"), assistant("y"), user("z")]),
        "The encrypted content for item rs_1 could not be verified.",
        "invalid_encrypted_content",
        "input[1].encrypted_content",
    ),
    (
        body(tools=[{"type": "function", "function": {"name": "query"}}]),
        "Missing required parameter: 'tools[0].name'.",
        "missing_required_parameter",
        "tools[0].name",
    ),
    (body(tools=[{"type": "web_search"}]), "Invalid 'tools[0].type'", "invalid_value", "tools[0].type"),
    (
        body(tools=[{**TOOL, "parameters": {"type": "array"}}]),
        "Invalid schema for function 'query'",
        "invalid_function_parameters",
        "tools[0].parameters",
    ),
    (
        body(tools=[{**TOOL, "strict": True}]),
        "'additionalProperties' is required to be supplied and to be false",
        "invalid_function_parameters",
        None,
    ),
    (body(tools=[TOOL], tool_choice="other"), "is no tool of this request", "invalid_value", "tool_choice"),
    (
        body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "query"}}),
        "is no tool of this request",
        "invalid_value",
        None,
    ),
    (
        body(max_output_tokens=15),
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
        "integer_below_min_value",
        "max_output_tokens",
    ),
    (body(max_output_tokens=16_385), "max_output_tokens is too large: 16385", "invalid_value", "max_output_tokens"),
    (body(temperature=2.5), "Expected a value <= 2, but got 2.5", "decimal_above_max_value", "temperature"),
    (
        sol(temperature=0.2),
        "Unsupported parameter: 'temperature' is not supported with this model.",
        "unsupported_parameter",
        "temperature",
    ),
    (sol(top_p=0.5), "Unsupported parameter: 'top_p'", "unsupported_parameter", "top_p"),
    (
        body(model="gpt-6.2-sol", reasoning={"effort": "none"}),
        "Unsupported value: 'reasoning.effort' does not support 'none' with this model. Supported values are: 'low', "
        "'medium', 'high', 'xhigh', and 'max'.",
        "unsupported_value",
        "reasoning.effort",
    ),
    (
        body(model="gpt-4.1", reasoning={"effort": "low"}),
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        "unsupported_parameter",
        "reasoning.effort",
    ),
    (body(reasoning={"effort": "hard"}), "Invalid 'reasoning.effort'", "invalid_value", "reasoning.effort"),
    (
        body(previous_response_id="resp_1"),
        "Previous response with id 'resp_1' not found.",
        "previous_response_not_found",
        "previous_response_id",
    ),
    (body(conversation="conv_1"), "'conversation' is not supported by the sandbox", "unsupported_parameter", None),
    (body(background=True), "'background' is not supported by the sandbox", "unsupported_parameter", None),
    (body(include=["web_search_call.action.sources"]), "not supported by the sandbox", "unsupported_parameter", None),
    (body(text={"format": {"type": "json_object"}}), "'text.format' is not supported by the sandbox", None, None),
    (body(stream_options={"include_obfuscation": False}), "only allowed when 'stream' is enabled", None, None),
]


@pytest.mark.parametrize(("wrong", "words", "code", "param"), WRONG_BODIES)
async def test_wrong_bodies(
    near_stage: Stage, wrong: dict[str, Any], words: str, code: str | None, param: str | None
) -> None:
    answer = await post(near_stage, PATH, wrong, headers=HEADERS)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]
    assert code is None or error["code"] == code
    assert param is None or error["param"] == param
    assert answer.headers["x-request-id"]


RIGHT_BODIES = [
    body(),
    body(input="hello"),
    body(input=[user("")], instructions="be brief"),
    body(input=[{"role": "system", "content": "a"}, user("x"), {"role": "developer", "content": "b"}]),
    body(input=[user("x"), call("a"), call("b"), output("b"), output("a"), user("z")]),
    body(input=[user("x"), call("a"), user("y"), output("a")]),
    body(input=[user("x"), thought(), call("a"), output("a")]),
    body(input=[user("x"), thought(), {"id": "msg_1", "type": "message", "status": "completed", **assistant("y")}]),
    body(
        input=[
            user([{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": "data:,"}]),
            assistant([{"type": "output_text", "text": "y", "annotations": []}]),
            user("z"),
        ]
    ),
    body(tools=[TOOL], tool_choice="auto", parallel_tool_calls=False),
    body(tools=[{**TOOL, "strict": True, "parameters": {**TOOL["parameters"], "additionalProperties": False}}]),  # type: ignore[dict-item]
    body(temperature=2, top_p=1, store=False, include=["reasoning.encrypted_content"], max_output_tokens=16),
    sol(temperature=0.2, reasoning={"effort": "none"}),
    sol(reasoning={"effort": "xhigh", "summary": "auto"}, prompt_cache_key="k", text={"verbosity": "low"}),
]


@pytest.mark.parametrize("right", RIGHT_BODIES)
async def test_right_bodies(near_stage: Stage, right: dict[str, Any]) -> None:
    answer = await post(near_stage, PATH, right, headers=HEADERS)
    assert (answer.status_code, answer.json().get("object")) == (200, "response"), answer.text


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"x-api-key": "any"}])
async def test_a_key_must_be_there(near_stage: Stage, headers: dict[str, str]) -> None:
    answer = await post(near_stage, PATH, body(), headers=headers)
    assert answer.status_code == 401
    assert "You didn't provide an API key" in answer.json()["error"]["message"]


OTHER_REFUSALS: list[tuple[Callable[[], dict[str, Any] | bytes], int, str | None, str]] = [
    (lambda: body(model="sandbox-claude"), 404, "model_not_found", "`sandbox-claude` does not exist"),
    (lambda: body(input=[user("x"), thought(None), assistant("y")]), 404, None, "Item with id 'rs_1' not found."),
    (lambda: body(input=[{"type": "item_reference", "id": "msg_1"}]), 404, None, "Item with id 'msg_1' not found."),
    (lambda: b'{"model":', 400, None, "could not parse the JSON body"),
    (lambda: b" " * (32 * 1024 * 1024 + 1), 413, None, "too large"),
    (
        lambda: body(input="word " * 131_000),
        400,
        "context_length_exceeded",
        "Your input exceeds the context window of this model.",
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


async def test_the_maximum_input_may_be_less_than_the_window(near_stage: Stage) -> None:
    answer = await post(near_stage, PATH, body(model="gpt-5.4-mini", input="word " * 272_000), headers=HEADERS)
    assert answer.json()["error"]["code"] == "context_length_exceeded"
