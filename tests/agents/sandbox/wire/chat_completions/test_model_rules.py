"""What one GPT model refuses on Chat Completions and another takes."""

from __future__ import annotations

from typing import Any

import pytest

from agents.sandbox.gpt_models import GPT_MODELS
from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import post

HEADERS = {"authorization": "Bearer any"}
TOOL = {"type": "function", "function": {"name": "query", "parameters": {"type": "object", "properties": {}}}}
REAL = [model.id for model in GPT_MODELS if not model.id.startswith("sandbox-")]
PLAIN = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini")
RESPONSES_ONLY = ("gpt-6.2-sol", "gpt-6.1-sol", "gpt-6-astra")
IF_NONE = (
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-6.1-terra",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.5",
    "gpt-5.4",
)


async def error_of(stage: Stage, model: str, **more: Any) -> dict[str, Any]:
    """{} for a 200."""
    body = {"model": model, "messages": [{"role": "user", "content": "echo hi"}], **more}
    answer = await post(stage, "/v1/chat/completions", body, headers=HEADERS)
    if answer.status_code == 200:
        return {}
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    return dict(answer.json()["error"])


@pytest.mark.parametrize("model", REAL)
async def test_the_caps_name(near_stage: Stage, model: str) -> None:
    error = await error_of(near_stage, model, max_tokens=500)
    if model in PLAIN:
        assert error == {}
    else:
        assert error["message"] == (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        assert (error["code"], error["param"]) == ("unsupported_parameter", "max_tokens")
    assert await error_of(near_stage, model, max_completion_tokens=500) == {}


@pytest.mark.parametrize("model", REAL)
async def test_sampling(near_stage: Stage, model: str) -> None:
    plain = model in PLAIN
    error = await error_of(near_stage, model, temperature=0.2)
    assert (error == {}) == plain
    if error:
        assert error["code"] == "unsupported_value"
        assert error["message"] == (
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is "
            "supported."
        )
    assert await error_of(near_stage, model, temperature=1) == {}
    for name in ("top_p", "presence_penalty", "frequency_penalty"):
        error = await error_of(near_stage, model, **{name: 0.5})
        assert error.get("code") == (None if plain else "unsupported_parameter")


@pytest.mark.parametrize("model", ["gpt-6-sol", "gpt-5.6-terra", "gpt-5.4-mini", "gpt-5.1"])
async def test_without_reasoning_sampling_is_free(near_stage: Stage, model: str) -> None:
    assert await error_of(near_stage, model, temperature=0.2, top_p=0.5, reasoning_effort="none") == {}


@pytest.mark.parametrize("model", REAL)
async def test_tools(near_stage: Stage, model: str) -> None:
    error = await error_of(near_stage, model, tools=[TOOL])
    barred = model in (*RESPONSES_ONLY, *IF_NONE)
    assert bool(error) == barred
    if barred:
        assert (error["code"], error["param"]) == (None, "reasoning_effort")
        assert error["message"].startswith(
            f"Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions. To use "
            "function tools, use /v1/responses"
        )
    if model in IF_NONE:
        assert error["message"].endswith("use /v1/responses or set reasoning_effort to 'none'.")
        assert await error_of(near_stage, model, tools=[TOOL], reasoning_effort="none") == {}
    if model in RESPONSES_ONLY:
        error = await error_of(near_stage, model, tools=[TOOL], reasoning_effort="none")
        assert error["code"] == "unsupported_value", "there is no way around"


@pytest.mark.parametrize("model", REAL)
async def test_responses_takes_tools_of_every_model(near_stage: Stage, model: str) -> None:
    flat = {"type": "function", **TOOL["function"]}  # type: ignore[dict-item]
    body = {"model": model, "input": "loop 1", "tools": [flat]}
    answer = await post(near_stage, "/v1/responses", body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["output"][-1]["type"] == "function_call"


@pytest.mark.parametrize(
    ("model", "effort", "code"),
    [
        ("gpt-4o", "low", "unsupported_parameter"),
        ("gpt-5", "none", "unsupported_value"),
        ("gpt-5", "minimal", None),
        ("gpt-5.4-mini", "minimal", "unsupported_value"),
        ("gpt-5.4-mini", "xhigh", None),
        ("gpt-6.2-sol", "none", "unsupported_value"),
        ("gpt-6.2-sol", "max", None),
        ("o3", "xhigh", "unsupported_value"),
        ("sandbox-gpt", "minimal", None),
        ("sandbox-gpt", "hard", "invalid_value"),
    ],
)
async def test_efforts(near_stage: Stage, model: str, effort: str, code: str | None) -> None:
    error = await error_of(near_stage, model, reasoning_effort=effort)
    assert error.get("code") == code
    assert error.get("param") == ("reasoning_effort" if code else None)


async def test_o3_knows_no_stop_texts(near_stage: Stage) -> None:
    assert (await error_of(near_stage, "o3", stop="x"))["code"] == "unsupported_parameter"
    assert await error_of(near_stage, "gpt-5", stop="x") == {}


async def test_a_cap_over_the_models_maximum(near_stage: Stage) -> None:
    error = await error_of(near_stage, "gpt-4o", max_completion_tokens=16_385)
    assert error["message"].startswith("max_completion_tokens is too large: 16385. This model supports at most 16384")
    assert await error_of(near_stage, "gpt-4.1", max_completion_tokens=32_768) == {}


async def test_a_configured_limit_of_input_has_words_of_its_own(near_stage: Stage) -> None:
    long = [{"role": "user", "content": "word " * 273_000}]
    error = await error_of(near_stage, "gpt-5.4-mini", messages=long)
    assert error["code"] == "context_length_exceeded"
    assert error["message"].startswith(
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 2730"
    )
    assert error["param"] == "messages"
