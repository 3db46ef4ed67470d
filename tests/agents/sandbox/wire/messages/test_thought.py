"""Thinking on the Messages wire: its blocks, what they cost, and when they may come back."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from tests.agents.sandbox.speakers import MessagesSpeaker
from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import HEADERS, post

TOOL: Any = {"name": "noop", "description": "", "input_schema": {"type": "object", "properties": {}}}
SHOWN: Any = {"type": "adaptive", "display": "summarized"}


def sdk(stage: Stage) -> anthropic.AsyncAnthropic:
    return MessagesSpeaker(stage).sdk


async def whole(stage: Stage, text: str, **more: Any) -> anthropic.types.Message:
    """The reply as the SDK's own helper puts it together from the stream."""
    arguments: dict[str, Any] = {"model": "sandbox-claude", "max_tokens": 4_000, **more}
    arguments.setdefault("messages", [{"role": "user", "content": text}])
    async with sdk(stage).messages.stream(**arguments) as stream:
        return await stream.get_final_message()


def thought_tokens(message: anthropic.types.Message) -> int:
    details = message.usage.output_tokens_details
    return details.thinking_tokens if details else 0


async def test_a_thought_comes_first_with_its_signature(stage: Stage) -> None:
    message = await whole(stage, "think 60 echo hi")
    thought, said = message.content
    assert thought.type == "thinking"
    assert len(thought.thinking) > 40
    assert thought.signature
    assert (said.type, said.text if said.type == "text" else "") == ("text", "hi")
    assert thought_tokens(message) == pytest.approx(60, abs=3)
    assert thought_tokens(message) < message.usage.output_tokens


async def test_the_document_says_the_same_as_the_stream(near_stage: Stage) -> None:
    document = await sdk(near_stage).messages.create(
        model="sandbox-claude", max_tokens=4_000, messages=[{"role": "user", "content": "think 60 echo hi"}]
    )
    streamed = await whole(near_stage, "think 60 echo hi")
    assert [b.to_dict() for b in document.content] == [b.to_dict() for b in streamed.content]
    assert document.usage.output_tokens == streamed.usage.output_tokens
    assert thought_tokens(document) == thought_tokens(streamed) > 0


async def test_the_events_of_a_thought(near_stage: Stage) -> None:
    stream = await sdk(near_stage).messages.create(
        model="sandbox-claude",
        max_tokens=4_000,
        stream=True,
        messages=[{"role": "user", "content": "think 60 echo hi"}],
    )
    deltas = [event.delta.type for event in [e async for e in stream] if event.type == "content_block_delta"]
    assert list(dict.fromkeys(deltas)) == ["thinking_delta", "signature_delta", "text_delta"]
    assert deltas.count("signature_delta") == 1


async def test_newer_models_hide_their_thought_unless_asked(near_stage: Stage) -> None:
    for thinking, shown in (({"type": "adaptive"}, False), (SHOWN, True)):
        message = await whole(near_stage, "think 60 echo hi", model="claude-opus-5-5", thinking=thinking)
        thought = message.content[0]
        assert thought.type == "thinking"
        assert bool(thought.thinking) == shown
        assert thought.signature
        assert thought_tokens(message) > 20


@pytest.mark.parametrize(
    ("model", "more", "thinks"),
    [
        ("claude-opus-5-5", {}, True),
        ("claude-haiku-5-5", {"thinking": {"type": "disabled"}}, False),
        ("claude-opus-4-8", {}, False),
        ("claude-opus-4-8", {"thinking": {"type": "adaptive"}}, True),
        ("claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 1_024}}, True),
        ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}, False),
        ("sandbox-claude", {}, False),
    ],
)
async def test_who_thinks_without_a_word(near_stage: Stage, model: str, more: dict[str, Any], thinks: bool) -> None:
    message = await whole(near_stage, "echo hi", model=model, **more)
    assert [block.type for block in message.content] == (["thinking", "text"] if thinks else ["text"])


async def test_between_tools_there_is_a_thought_once_there_are_results(near_stage: Stage) -> None:
    more: dict[str, Any] = {"model": "claude-sonnet-5-5", "tools": [TOOL], "thinking": {"type": "between_tools"}}
    first = await whole(near_stage, "loop 1", **more)
    assert [block.type for block in first.content] == ["text", "tool_use"]
    call = first.content[-1]
    assert call.type == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "fine"}
    history = [{"role": "user", "content": "loop 1"}, {"role": "assistant", "content": first.content}]
    last = await whole(near_stage, "", messages=[*history, {"role": "user", "content": [result]}], **more)
    assert last.content[0].type == "thinking"


async def test_less_effort_is_less_thought(near_stage: Stage) -> None:
    costs = [
        thought_tokens(await whole(near_stage, "think 400 echo hi", output_config={"effort": effort}))
        for effort in ("low", "medium", "high", "xhigh", "max")
    ]
    assert costs == sorted(set(costs))
    assert costs[2] == pytest.approx(400, rel=0.02)


async def test_a_budget_bounds_the_thought(near_stage: Stage) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1_024}
    message = await whole(near_stage, "think 3000 echo hi", model="claude-haiku-4-5", thinking=thinking)
    assert thought_tokens(message) == pytest.approx(1_024, rel=0.02)
    assert message.stop_reason == "end_turn"


async def test_a_thought_may_eat_the_whole_cap(stage: Stage) -> None:
    message = await whole(stage, "think 4000 echo hi", max_tokens=300)
    assert message.stop_reason == "max_tokens"
    assert [block.type for block in message.content] == ["thinking"]
    assert message.content[0].type == "thinking"
    assert not message.content[0].signature
    assert thought_tokens(message) == message.usage.output_tokens <= 300
    message = await whole(stage, "think 1000 echo hi", max_tokens=300, output_config={"effort": "low"})
    assert message.stop_reason == "end_turn"


async def test_a_redacted_thought_shows_nothing(near_stage: Stage) -> None:
    message = await whole(near_stage, "think 60 fault redacted_thinking echo hi")
    assert [block.type for block in message.content] == ["redacted_thinking", "text"]
    assert message.content[0].type == "redacted_thinking"
    assert message.content[0].data
    assert thought_tokens(message) > 40


async def thoughtful_round(stage: Stage, model: str, **more: Any) -> list[dict[str, Any]]:
    """A user's message, the model's thought and tool call, and the result."""
    asked = {"role": "user", "content": "think 40 loop 2"}
    reply = await whole(stage, "", model=model, messages=[asked], tools=[TOOL], **more)
    call = reply.content[-1]
    assert call.type == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "fine"}
    content = [block.model_dump(exclude_none=True) for block in reply.content]
    return [asked, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]


async def refusal(stage: Stage, history: list[dict[str, Any]], *, headers: Any = HEADERS, **more: Any) -> str:
    body = {"model": "claude-opus-5-5", "max_tokens": 4_000, "tools": [TOOL], "messages": history, **more}
    answer = await post(stage, "/v1/messages", body, headers=headers)
    if answer.status_code == 200:
        return ""
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    return str(answer.json()["error"]["message"])


async def test_a_thought_comes_back_over_an_unedited_history(near_stage: Stage) -> None:
    history = await thoughtful_round(near_stage, "claude-opus-5-5")
    assert await refusal(near_stage, history) == ""
    marked = [{**TOOL, "cache_control": {"type": "ephemeral"}}]
    assert await refusal(near_stage, history, tools=marked) == "", "a cache mark is no edit"
    blocks = [{"role": "user", "content": [{"type": "text", "text": history[0]["content"]}]}, *history[1:]]
    assert await refusal(near_stage, blocks) == "", "a string and one text block are the same"


@pytest.mark.parametrize("edit", ["system", "tools", "message", "trimmed"])
async def test_a_thought_is_refused_over_an_edited_history(near_stage: Stage, edit: str) -> None:
    earlier = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello."}]
    asked = {"role": "user", "content": "think 40 loop 1"}
    more: dict[str, Any] = {"model": "claude-opus-5-5", "tools": [TOOL], "system": "Be kind."}
    reply = await whole(near_stage, "", messages=[*earlier, asked], **more)
    call = reply.content[-1]
    assert call.type == "tool_use"
    content = [block.model_dump(exclude_none=True) for block in reply.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "fine"}
    tail: list[dict[str, Any]] = [
        asked,
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result]},
    ]
    sent: dict[str, Any] = {"system": "Be kind.", "tools": [TOOL]}
    assert await refusal(near_stage, [*earlier, *tail], **sent) == ""
    history: list[dict[str, Any]] = [*earlier, *tail]
    match edit:
        case "system":
            sent["system"] = "Be brief."
        case "tools":
            sent["tools"] = [TOOL, {**TOOL, "name": "more"}]
        case "message":
            history = [{"role": "user", "content": "hullo"}, *history[1:]]
        case "trimmed":
            history = tail
    said = await refusal(near_stage, history, **sent)
    place = 1 if edit == "trimmed" else 3
    assert said.startswith(f"messages.{place}.content.0: this `thinking` block is bound to the conversation before it")
    bare: list[dict[str, Any]] = [
        {**m, "content": [b for b in m["content"] if b["type"] != "thinking"]}
        if m["role"] == "assistant" and isinstance(m["content"], list)
        else m
        for m in history
    ]
    assert await refusal(near_stage, bare, **sent) == "", "without its thoughts it may be edited"
    wish = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    beta = {**HEADERS, "anthropic-beta": "thinking-binding-controls-2026-08-01"}
    assert await refusal(near_stage, history, headers=beta, thinking=wish, **sent) == ""
    assert await refusal(near_stage, history, thinking=wish, **sent) != "", "the wish needs its beta header"


async def test_what_came_back_can_be_sent_again_with_all_its_empty_fields(near_stage: Stage) -> None:
    """As `model_dump()` without further ado gives it."""
    asked = {"role": "user", "content": "think 40 loop 1"}
    reply = await whole(near_stage, "", model="claude-opus-5-5", messages=[asked], tools=[TOOL])
    call = reply.content[-1]
    assert call.type == "tool_use"
    said: dict[str, Any] = {"role": "assistant", "content": [block.model_dump() for block in reply.content]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "fine"}]}
    assert await refusal(near_stage, [asked, said, result]) == ""


async def test_older_models_do_not_bind_their_thoughts(near_stage: Stage) -> None:
    history = await thoughtful_round(near_stage, "claude-opus-5")
    assert await refusal(near_stage, history, model="claude-opus-5", system="New.") == ""


async def test_another_models_thought_is_dropped_silently(near_stage: Stage) -> None:
    history = await thoughtful_round(near_stage, "claude-opus-5")
    assert await refusal(near_stage, history, model="claude-opus-5-5", system="New.") == ""


async def test_a_changed_thought_and_a_made_up_one_are_refused(near_stage: Stage) -> None:
    history = await thoughtful_round(near_stage, "claude-opus-5-5", thinking=SHOWN)
    thought, *rest = history[1]["content"]
    for changes, words in (
        ({"thinking": "Something else."}, "cannot be modified"),
        ({"signature": thought["signature"][:-4] + "AAAA"}, "messages.1.content.0: Invalid `signature` in `thinking`"),
        ({"signature": "made up"}, "Invalid `signature` in `thinking` block"),
    ):
        edited = [history[0], {"role": "assistant", "content": [{**thought, **changes}, *rest]}, history[2]]
        assert words in await refusal(near_stage, edited)
    made_up = {"type": "redacted_thinking", "data": "x"}
    edited = [history[0], {"role": "assistant", "content": [made_up, *rest]}, history[2]]
    assert "Invalid `data` in `redacted_thinking` block" in await refusal(near_stage, edited)


async def test_with_a_budget_a_tool_call_keeps_its_thought(near_stage: Stage) -> None:
    thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": 1_024}
    history = await thoughtful_round(near_stage, "claude-haiku-4-5", thinking=thinking)
    more = {"model": "claude-haiku-4-5", "thinking": thinking}
    assert await refusal(near_stage, history, **more) == ""
    bare = [history[0], {"role": "assistant", "content": history[1]["content"][1:]}, history[2]]
    assert "Expected `thinking` or `redacted_thinking`, but found `text`" in await refusal(near_stage, bare, **more)


async def test_a_thought_that_comes_back_counts_what_it_cost(near_stage: Stage) -> None:
    """Hidden or not."""
    history: list[Any] = await thoughtful_round(near_stage, "claude-opus-5-5")
    bare: list[Any] = [history[0], {"role": "assistant", "content": history[1]["content"][1:]}, history[2]]
    counts = [
        (await sdk(near_stage).messages.count_tokens(model="claude-opus-5-5", messages=messages, tools=[TOOL]))
        for messages in (history, bare)
    ]
    assert 15 < counts[0].input_tokens - counts[1].input_tokens < 25
