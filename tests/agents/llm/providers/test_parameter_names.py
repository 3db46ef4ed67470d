"""The vendors' own words, and those of gateways: what they refuse, and what only sounds like it."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.capabilities import Parameter
from agents.llm.providers.report import Report


def anthropic(text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": text}}


def openai(text: str, *, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": text, "type": "invalid_request_error", "param": param, "code": code}}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (anthropic("temperature: Extra inputs are not permitted"), "temperature"),
        (anthropic("`temperature` is deprecated for this model."), "temperature"),
        (anthropic("`temperature` may only be set to 1 when thinking is enabled."), "temperature"),
        (anthropic("output_config.effort: Extra inputs are not permitted"), "effort"),
        (anthropic("output_config: Extra inputs are not permitted"), "effort"),
        (anthropic("This model does not support the effort parameter."), "effort"),
        (anthropic("thinking: Extra inputs are not permitted"), "thinking"),
        (anthropic("adaptive thinking is not supported on this model"), "thinking"),
        (anthropic("thinking.adaptive.display: Extra inputs are not permitted"), "thoughts"),
        (anthropic("tools.0.custom.cache_control: Extra inputs are not permitted"), "cache_control"),
        (anthropic('tool_choice: type "tool" and "any" are not supported for this model.'), "tool_choice"),
        (
            openai(
                "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is "
                "supported.",
                param="temperature",
                code="unsupported_value",
            ),
            "temperature",
        ),
        (
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                "instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            "max_tokens",
        ),
        (
            openai(
                "Function tools with reasoning_effort are not supported for gpt-5.6-luna in /v1/chat/completions. To "
                "use function tools, use /v1/responses or set reasoning_effort to 'none'.",
                param="reasoning_effort",
            ),
            "effort_with_tools",
        ),
        (openai("Unsupported value", param="reasoning.effort", code="unsupported_value"), "effort"),
        (openai("Invalid value: 'xhigh'.", param="reasoning_effort", code="invalid_value"), "effort"),
        (
            openai("Your organization must be verified", param="reasoning.summary", code="unsupported_value"),
            "thoughts",
        ),
        (openai("Encrypted content is not supported with this model.", param="include"), "include"),
        (openai("Unknown parameter: 'store'.", param="store", code="unknown_parameter"), "store"),
        (openai("Unknown parameter: 'stream_options'."), "stream_options"),
        (openai("Unrecognized request argument supplied: max_completion_tokens"), "max_completion_tokens"),
        (openai("litellm.UnsupportedParamsError: m does not support parameters: ['reasoning_effort']"), "effort"),
        ({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, "stream_options"),
        (
            {"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'tool_choice')}]"},
            "tool_choice",
        ),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_what_is_refused(body: dict[str, Any], parameter: Parameter, status: int) -> None:
    assert Report.read(status=status, body=body).refused_parameter == parameter


@pytest.mark.parametrize(
    "body",
    [
        anthropic("max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for m"),
        anthropic("messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1"),
        anthropic("max_tokens: Field required"),
        openai("max_tokens is too large: 99. This model supports at most 9.", param="max_tokens", code="invalid_value"),
        openai("Invalid parameter: messages with role 'tool' must be a response.", param="messages.[3].role"),
        openai("'temperature' is not supported in a message", param="messages.[0].content"),
        openai("The image format is not supported."),
        openai("x" * 400 + " 'temperature' is not supported"),
        openai("no"),
        {"detail": "busy"},
        [],
        None,
    ],
)
def test_what_is_about_something_else(body: object) -> None:
    assert Report.read(status=400, body=body).refused_parameter is None


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_another_status_is_another_matter(status: int) -> None:
    body = anthropic("temperature: Extra inputs are not permitted")
    assert Report.read(status=status, body=body).refused_parameter is None


def test_a_refusal_that_came_as_an_event_of_the_stream_counts() -> None:
    event = {"type": "error", "code": "unsupported_parameter", "message": "no", "param": "temperature"}
    assert Report.read(status=None, body=event).refused_parameter == "temperature"
