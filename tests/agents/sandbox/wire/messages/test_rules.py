"""What the Messages API refuses, with its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import HEADERS, post

PATH = "/v1/messages"
TOOL = {"name": "query", "input_schema": {"type": "object", "properties": {}}}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content[0] if isinstance(content[0], str) else list(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content[0] if isinstance(content[0], str) else list(content)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "query", "input": {}}


def result(name: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": "fine"}


def body(**changes: Any) -> dict[str, Any]:
    whole = {"model": "sandbox-claude", "max_tokens": 100, "messages": [user("hello")], **changes}
    return {name: value for name, value in whole.items() if value is not None}


WRONG_BODIES = [
    (body(max_tokens=None), "max_tokens: Field required"),
    (body(messages=None), "messages: Field required"),
    (body(model=None), "model: Field required"),
    (body(max_tokens="9"), "max_tokens: Input should be a valid integer"),
    (body(max_tokens=64_001), "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens"),
    (body(colour="red"), "colour: Extra inputs are not permitted"),
    (body(temperature=0.5), "temperature: Extra inputs are not permitted"),
    (body(top_k=4), "top_k: Extra inputs are not permitted"),
    (body(messages=[]), "at least one message is required"),
    (body(messages=[assistant("hi"), user("hello")]), 'first message must use the "user" role'),
    (body(messages=[{"role": "system", "content": "x"}]), "messages.0.role: Input should be 'user' or 'assistant'"),
    (body(messages=[user("hello"), assistant("Well,")]), "does not support assistant message prefill"),
    (body(messages=[user("")]), "all messages must have non-empty content"),
    (body(messages=[user(text(""))]), "text content blocks must be non-empty"),
    (body(system=[text("")]), "system: text content blocks must be non-empty"),
    (body(messages=[user({"type": "video"})]), "messages.0.content.0: Input tag 'video' found"),
    (body(messages=[user(call("a"))]), "`tool_use` blocks can only be in `assistant` messages"),
    (body(messages=[user("x"), assistant(result("a"))]), "`tool_result` blocks can only be in `user` messages"),
    (body(messages=[user("x"), assistant(call("a b")), user(result("a b"))]), "tool_use.id: String should match"),
    (body(messages=[user("x"), assistant(call("a")), user("y")]), "were found without `tool_result` blocks"),
    (body(messages=[user("x"), assistant(call("a"))]), "messages.2: `tool_use` ids were found without"),
    (
        body(messages=[user("x"), assistant(call("a"), call("b")), user(result("a"))]),
        "`tool_use` ids were found without `tool_result` blocks immediately after: b.",
    ),
    (
        body(messages=[user("x"), assistant(call("a"), call("b")), user(result("a")), user(result("b"))]),
        "immediately after: b.",
    ),
    (body(messages=[user("x"), assistant(call("a")), user(text("y"), result("a"))]), "immediately after: a."),
    (body(messages=[user("x"), assistant("y"), user(result("a"))]), "unexpected `tool_use_id` found"),
    (body(messages=[user(result("a"))]), "messages.0.content.0: unexpected `tool_use_id` found"),
    (
        body(messages=[user("x"), assistant(call("a")), user(result("a"), result("a"))]),
        "messages.2.content.1: unexpected `tool_use_id` found",
    ),
    (
        body(messages=[user("x"), assistant(call("a")), user(result("a")), assistant(call("a")), user(result("a"))]),
        "`tool_use` ids must be unique",
    ),
    (body(tools=[TOOL, TOOL]), "Tool names must be unique"),
    (body(tools=[{**TOOL, "name": "a b"}]), "tools.0.name: String should match pattern"),
    (body(tools=[{**TOOL, "input_schema": {"type": "array"}}]), "input_schema.type: Input should be 'object'"),
    (body(tool_choice={"type": "none"}), "tool_choice may only be specified while providing tools"),
    (body(tools=[TOOL], tool_choice={"type": "tool", "name": "other"}), "Tool 'other' not found"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG_BODIES, ids=[words for _, words in WRONG_BODIES])
async def test_wrong_bodies(near_stage: Stage, wrong: dict[str, Any], words: str) -> None:
    answer = await post(near_stage, PATH, wrong)
    assert answer.status_code == 400
    envelope = answer.json()
    assert envelope["type"] == "error"
    assert envelope["error"]["type"] == "invalid_request_error"
    assert words in envelope["error"]["message"]
    assert envelope["request_id"] == answer.headers["request-id"]
    assert near_stage.newest.outcome == "refused"


RIGHT_BODIES = [
    body(),
    body(messages=[user("a"), user("b")]),
    body(messages=[user("x"), assistant(text("y"), call("a"), call("b")), user(result("b"), result("a"), text("z"))]),
    body(messages=[user("x"), assistant(call("a")), user({"type": "tool_result", "tool_use_id": "a"})]),
    body(model="claude-haiku-4-5", messages=[user("x"), assistant("y")]),
    body(
        messages=[
            user("x"),
            assistant({"type": "thinking", "thinking": "hm", "signature": "s"}, text("y")),
            user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}, text("z")),
        ]
    ),
    body(system="be brief", metadata={"user_id": "u"}, thinking={"type": "disabled"}, stop_sequences=["x"]),
    body(system=[{**text("a"), "cache_control": {"type": "ephemeral"}}], cache_control={"type": "ephemeral"}),
    body(tools=[{**TOOL, "cache_control": {"type": "ephemeral", "ttl": "1h"}}], tool_choice={"type": "auto"}),
    body(max_tokens=64_000),
]


@pytest.mark.parametrize("right", RIGHT_BODIES)
async def test_right_bodies(near_stage: Stage, right: dict[str, Any]) -> None:
    answer = await post(near_stage, PATH, right)
    assert (answer.status_code, answer.json()["type"]) == (200, "message"), answer.text


async def test_the_older_version_takes_a_temperature_from_0_to_1(near_stage: Stage) -> None:
    older = {**HEADERS, "anthropic-version": "2023-06-01"}
    assert (await post(near_stage, PATH, body(temperature=1.0), headers=older)).status_code == 200
    answer = await post(near_stage, PATH, body(temperature=1.1), headers=older)
    assert "temperature: Input should be less than or equal to 1" in answer.json()["error"]["message"]


WITHOUT: list[tuple[dict[str, str], int, str]] = [
    ({"anthropic-version": "2026-10-21"}, 401, "x-api-key header is required"),
    ({"anthropic-version": "2026-10-21", "authorization": "Bearer "}, 401, "x-api-key header is required"),
    ({"anthropic-version": "2026-10-21", "authorization": "Basic eDp5"}, 401, "x-api-key header is required"),
    ({"x-api-key": "any"}, 400, "anthropic-version: header is required"),
    ({"x-api-key": "any", "anthropic-version": "1999-01-01"}, 400, "is not a valid version"),
]


@pytest.mark.parametrize(("headers", "status", "words"), WITHOUT)
async def test_headers_that_must_be_there(near_stage: Stage, headers: dict[str, str], status: int, words: str) -> None:
    answer = await post(near_stage, PATH, body(), headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


async def test_either_header_opens(near_stage: Stage) -> None:
    key = {"x-api-key": "any", "anthropic-version": "2026-10-21"}
    assert (await post(near_stage, PATH, body(), headers=key)).status_code == 200
    assert (await post(near_stage, PATH, body(), headers=HEADERS)).status_code == 200


OTHER_REFUSALS: list[tuple[Callable[[], dict[str, Any] | bytes], int, str, str]] = [
    (lambda: body(model="gpt-4o"), 404, "not_found_error", "model: gpt-4o"),
    (lambda: b"{", 400, "invalid_request_error", "not valid JSON"),
    (lambda: b"[]", 400, "invalid_request_error", "not valid JSON"),
    (lambda: b" " * (32 * 1024 * 1024 + 1), 413, "request_too_large", "exceeds the maximum size"),
    (
        lambda: body(messages=[user("word " * 170_000)]),
        400,
        "invalid_request_error",
        "tokens > 199999 maximum",
    ),
]


@pytest.mark.parametrize(("sent", "status", "kind", "words"), OTHER_REFUSALS, ids=[r[3] for r in OTHER_REFUSALS])
async def test_other_refusals(
    near_stage: Stage, sent: Callable[[], dict[str, Any] | bytes], status: int, kind: str, words: str
) -> None:
    answer = await post(near_stage, PATH, sent())
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    assert words in answer.json()["error"]["message"]


async def test_a_full_window_ends_the_reply(near_stage: Stage) -> None:
    """Newer Claude models accept a request whose cap is over the window, and stop when it is full."""
    sent = body(messages=[user("word " * 159_980 + "\nlong 5000")], max_tokens=8_000)
    answer = await post(near_stage, PATH, sent)
    assert answer.status_code == 200, answer.text
    assert answer.json()["stop_reason"] == "model_context_window_exceeded"
    usage = answer.json()["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] <= 200_000
