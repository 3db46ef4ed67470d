"""What one Claude model refuses and another takes."""

from __future__ import annotations

from typing import Any

import pytest

from agents.sandbox.claude_models import CLAUDE_MODELS
from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import HEADERS, post

PATH = "/v1/messages"
OLDER = {**HEADERS, "anthropic-version": "2023-06-01"}
TOOL = {"name": "query", "input_schema": {"type": "object", "properties": {}}}
REAL = [model.id for model in CLAUDE_MODELS if not model.id.startswith("sandbox-")]
UP_TO_4_6 = [
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-4-5",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
]
FIVE_FIVE = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1"]


async def answer_of(stage: Stage, model: str, *, headers: Any = HEADERS, **more: Any) -> str:
    """ "" for a 200, the error's message for a 400."""
    body = {"model": model, "max_tokens": 4_000, "messages": [{"role": "user", "content": "echo hi"}], **more}
    answer = await post(stage, PATH, body, headers=headers)
    if answer.status_code == 200:
        return ""
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize("model", REAL)
async def test_the_current_version_knows_no_sampling_parameter_even_at_its_default(
    near_stage: Stage, model: str
) -> None:
    for name, value in (("temperature", 1), ("top_p", 1), ("top_k", 40)):
        said = await answer_of(near_stage, model, **{name: value})
        assert said == f"{name}: Extra inputs are not permitted"


@pytest.mark.parametrize("model", REAL)
async def test_the_older_version_takes_a_temperature_up_to_4_6_and_the_default_later(
    near_stage: Stage, model: str
) -> None:
    assert await answer_of(near_stage, model, headers=OLDER, temperature=1) == ""
    said = await answer_of(near_stage, model, headers=OLDER, temperature=0.2)
    assert said == ("" if model in UP_TO_4_6 else "`temperature` is deprecated for this model.")
    said = await answer_of(near_stage, model, headers=OLDER, top_k=4)
    assert said == ("" if model in UP_TO_4_6 else "`top_k` is deprecated for this model.")


async def test_4_5_takes_one_sampling_parameter_at_a_time(near_stage: Stage) -> None:
    both: dict[str, Any] = {"headers": OLDER, "temperature": 0.5, "top_p": 0.5}
    assert "cannot both be specified" in await answer_of(near_stage, "claude-opus-4-5", **both)
    assert await answer_of(near_stage, "claude-opus-4-6", **both) == ""


@pytest.mark.parametrize("model", REAL)
async def test_a_forced_tool_call(near_stage: Stage, model: str) -> None:
    for choice in ({"type": "any"}, {"type": "tool", "name": "query"}):
        said = await answer_of(near_stage, model, tools=[TOOL], tool_choice=choice)
        refused = 'tool_choice: type "tool" and "any" are not supported for this model.'
        assert said == (refused if model in FIVE_FIVE else "")
    assert await answer_of(near_stage, model, tools=[TOOL], tool_choice={"type": "none"}) == ""


async def test_a_tool_cannot_be_forced_on_a_4_5_that_thinks(near_stage: Stage) -> None:
    more: dict[str, Any] = {"tools": [TOOL], "tool_choice": {"type": "any"}}
    more["thinking"] = {"type": "enabled", "budget_tokens": 1_024}
    assert "Thinking may not be enabled when tool_choice forces" in await answer_of(
        near_stage, "claude-haiku-4-5", **more
    )
    assert await answer_of(near_stage, "claude-sonnet-4-6", **more) == ""


ADAPTIVE, DISABLED, BETWEEN = {"type": "adaptive"}, {"type": "disabled"}, {"type": "between_tools"}
BUDGET = {"type": "enabled", "budget_tokens": 1_024}
THINKING: dict[str, tuple[dict[str, Any], ...]] = {
    "claude-fable-5-1": (ADAPTIVE,),
    "claude-opus-5-5": (ADAPTIVE,),
    "claude-sonnet-5-5": (ADAPTIVE, BETWEEN),
    "claude-haiku-5-5": (ADAPTIVE, DISABLED),
    "claude-opus-5": (ADAPTIVE, DISABLED),
    "claude-fable-5": (ADAPTIVE,),
    "claude-sonnet-5": (ADAPTIVE, DISABLED),
    "claude-opus-4-8": (ADAPTIVE, DISABLED),
    "claude-opus-4-7": (ADAPTIVE, DISABLED),
    "claude-opus-4-6": (ADAPTIVE, DISABLED, BUDGET),
    "claude-sonnet-4-6": (ADAPTIVE, DISABLED, BUDGET),
    "claude-opus-4-5": (DISABLED, BUDGET),
    "claude-sonnet-4-5": (DISABLED, BUDGET),
    "claude-haiku-4-5": (DISABLED, BUDGET),
}


@pytest.mark.parametrize("model", REAL)
async def test_the_types_of_thinking(near_stage: Stage, model: str) -> None:
    for thinking in (ADAPTIVE, DISABLED, BETWEEN, BUDGET):
        said = await answer_of(near_stage, model, thinking=thinking)
        if thinking in THINKING[model]:
            assert said == ""
        else:
            assert f'"thinking.type.{thinking["type"]}" is not supported for this model' in said


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "words"),
    [
        ("claude-sonnet-4-6", {"type": "enabled"}, None, "thinking.enabled.budget_tokens: Field required"),
        ("claude-sonnet-4-6", {**BUDGET, "budget_tokens": 1_023}, None, "greater than or equal to 1024"),
        ("claude-sonnet-4-6", {**BUDGET, "budget_tokens": 4_000}, None, "`max_tokens` must be greater than"),
        ("claude-sonnet-4-6", {**BUDGET, "type": "adaptive"}, None, "thinking.adaptive.budget_tokens: Extra inputs"),
        ("claude-sonnet-4-6", None, "xhigh", "Input should be 'low', 'medium', 'high' or 'max'"),
        ("claude-opus-4-7", None, "xhigh", ""),
        ("claude-opus-4-5", None, "max", "Input should be 'low', 'medium' or 'high'"),
        ("claude-haiku-4-5", None, "low", "does not support the effort parameter"),
        ("claude-opus-5-5", None, "none", "output_config.effort: Input should be 'low'"),
        ("claude-haiku-5-5", DISABLED, "high", ""),
        ("claude-haiku-5-5", DISABLED, "xhigh", '"thinking.type.disabled" is not supported for this model at effort'),
        ("claude-opus-5", DISABLED, "max", ""),
    ],
)
async def test_effort_and_budget(
    near_stage: Stage, model: str, thinking: dict[str, Any] | None, effort: str | None, words: str
) -> None:
    more: dict[str, Any] = {"thinking": thinking} if thinking else {}
    more |= {"output_config": {"effort": effort}} if effort else {}
    said = await answer_of(near_stage, model, **more)
    assert words in said
    assert bool(words) == bool(said)


async def test_a_temperature_beside_thinking_must_be_1(near_stage: Stage) -> None:
    more: dict[str, Any] = {"headers": OLDER, "thinking": BUDGET}
    assert "may only be set to 1" in await answer_of(near_stage, "claude-sonnet-4-6", temperature=0.5, **more)
    assert await answer_of(near_stage, "claude-sonnet-4-6", temperature=1, **more) == ""


@pytest.mark.parametrize("model", REAL)
async def test_a_prefill_is_taken_up_to_4_5(near_stage: Stage, model: str) -> None:
    messages = [{"role": "user", "content": "echo hi"}, {"role": "assistant", "content": "Well,"}]
    said = await answer_of(near_stage, model, messages=messages)
    assert said == "" if "4-5" in model else "does not support assistant message prefill" in said


@pytest.mark.parametrize("model", REAL)
async def test_a_system_message_in_between(near_stage: Stage, model: str) -> None:
    user, system = {"role": "user", "content": "recall zebra"}, {"role": "system", "content": "The zebra is fine."}
    takes = model in (*FIVE_FIVE, "claude-haiku-5-5", "claude-opus-5", "claude-fable-5", "claude-opus-4-8")
    said = await answer_of(near_stage, model, messages=[user, system])
    assert said == ("" if takes else "messages.1.role: Input should be 'user' or 'assistant'")
    assert "messages.0.role" in await answer_of(near_stage, model, messages=[system, user])


@pytest.mark.parametrize("model", REAL)
async def test_more_output_than_the_model_can(near_stage: Stage, model: str) -> None:
    most = 64_000 if "4-5" in model else 128_000
    assert await answer_of(near_stage, model, max_tokens=most) == ""
    assert f"max_tokens: {most + 1} > {most}" in await answer_of(near_stage, model, max_tokens=most + 1)


async def test_counting_refuses_what_a_reply_would_refuse(near_stage: Stage) -> None:
    body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "hi"}], "thinking": DISABLED}
    answer = await post(near_stage, PATH + "/count_tokens", body)
    assert answer.status_code == 400
    assert "thinking.type.disabled" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("model", "count"), [("claude-opus-4-5", 10), ("claude-opus-4-7", 15), ("claude-opus-5", 10)])
async def test_a_lone_hello_world_counts_what_it_was_seen_to_count(near_stage: Stage, model: str, count: int) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hello, world"}]}
    answer = await post(near_stage, PATH + "/count_tokens", body)
    assert answer.json() == {"input_tokens": count}


async def test_a_newer_claude_counts_more_of_the_same_text(near_stage: Stage) -> None:
    counts = []
    for model in ("claude-sonnet-4-6", "claude-opus-4-8"):
        body = {"model": model, "messages": [{"role": "user", "content": "word " * 10_000}]}
        counts.append((await post(near_stage, PATH + "/count_tokens", body)).json()["input_tokens"])
    assert counts[1] / counts[0] == pytest.approx(1.5 / 1.25, rel=0.01)
