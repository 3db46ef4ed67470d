"""The events of a streamed response, and the document that they add up to, through the vendor's own SDK."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.agents.sandbox.speakers import QUERY_TOOL, ResponsesSpeaker, hear
from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import post

TOOL: Any = {
    "type": "function",
    "name": "query",
    "strict": None,
    "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}
SEALED: Any = ["reasoning.encrypted_content"]


def sdk(stage: Stage) -> openai.AsyncOpenAI:
    return ResponsesSpeaker(stage).sdk


async def streamed(stage: Stage, text: str, **more: Any) -> list[Any]:
    arguments = {"model": "sandbox-gpt", "store": False, **more}
    return [event async for event in await sdk(stage).responses.create(input=text, stream=True, **arguments)]


def kinds(events: list[Any]) -> list[str]:
    """The types in order, a run of one type told once."""
    told: list[str] = []
    for event in events:
        if not told or told[-1] != event.type:
            told.append(event.type)
    return told


async def test_a_text_in_events(stage: Stage) -> None:
    events = await streamed(stage, "echo one two three four five")
    assert kinds(events) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].response.status == "in_progress"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    last = events[-1].response
    assert "".join(deltas) == last.output_text == "one two three four five"
    assert (last.status, last.output[0].status, last.error, last.incomplete_details) == (
        "completed",
        "completed",
        None,
        None,
    )
    ids = {event.item_id for event in events if hasattr(event, "item_id")}
    assert ids == {last.output[0].id}


async def test_events_have_names_and_no_done_marker_follows(near_stage: Stage) -> None:
    body = {"model": "sandbox-gpt", "input": "echo hi", "stream": True}
    answer = await post(near_stage, "/v1/responses", body, headers={"authorization": "Bearer any"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        assert f'"type":"{name.removeprefix("event: ")}"' in data
    assert "[DONE]" not in answer.text


async def test_tool_calls_in_events(stage: Stage) -> None:
    events = await streamed(stage, "parallel 2", tools=[TOOL])
    last = events[-1].response
    message, *calls = last.output
    assert message.type == "message"
    assert [(call.type, call.name, call.arguments, call.status) for call in calls] == [
        ("function_call", "query", '{"text":"sandbox"}', "completed")
    ] * 2
    assert len({call.call_id for call in calls} | {call.id for call in calls}) == 4
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert [(event.item_id, event.arguments) for event in done] == [(call.id, call.arguments) for call in calls]
    assert [event.output_index for event in done] == [1, 2]


async def test_the_document_is_what_the_stream_ends_in(stage: Stage) -> None:
    whole = await sdk(stage).responses.create(model="sandbox-gpt", input="parallel 2", tools=[TOOL], store=False)
    last = (await streamed(stage, "parallel 2", tools=[TOOL]))[-1].response
    hidden = {"id", "call_id", "created_at"}

    def told(response: Any) -> Any:
        output = [{k: v for k, v in item.items() if k not in hidden} for item in response.model_dump()["output"]]
        return output, response.usage, response.status, response.tools, response.store

    assert told(whole) == told(last)


async def test_usage(near_stage: Stage) -> None:
    response = await sdk(near_stage).responses.create(model="sandbox-gpt", input="Hello!", instructions="Be kind.")
    assert response.usage is not None
    assert response.usage.input_tokens == near_stage.newest.input_tokens
    assert response.usage.output_tokens == near_stage.newest.output_tokens
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.input_tokens_details.cached_tokens == 0


async def test_counting_agrees_with_the_usage(near_stage: Stage) -> None:
    arguments: Any = {"model": "sandbox-gpt", "input": "Hello!", "instructions": "Be kind.", "tools": [TOOL]}
    counted = await sdk(near_stage).responses.input_tokens.count(**arguments)
    response = await sdk(near_stage).responses.create(**arguments)
    assert response.usage is not None
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", response.usage.input_tokens)
    with pytest.raises(openai.NotFoundError):
        await sdk(near_stage).responses.input_tokens.count(model="gpt-0", input="x")
    with pytest.raises(openai.BadRequestError):
        await sdk(near_stage).responses.input_tokens.count(model="sandbox-gpt")


@pytest.mark.parametrize(
    ("text", "more", "reason"),
    [
        ("long 500", {"max_output_tokens": 50}, "max_output_tokens"),
        ("fault refusal", {}, "content_filter"),
        ("fault context_window", {}, "max_output_tokens"),
    ],
)
async def test_incomplete_responses(stage: Stage, text: str, more: dict[str, Any], reason: str) -> None:
    events = await streamed(stage, text, **more)
    last = events[-1]
    assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
    assert last.response.incomplete_details.reason == reason
    assert [item.status for item in last.response.output] == ([] if reason == "content_filter" else ["incomplete"])
    assert last.response.usage is not None


async def test_a_reasoning_model_thinks_unless_it_is_told_not_to(stage: Stage) -> None:
    events = await streamed(stage, "echo hi", model="gpt-6-sol", include=SEALED)
    thought, message = events[-1].response.output
    assert (thought.type, message.type, thought.summary) == ("reasoning", "message", [])
    assert thought.encrypted_content
    usage = events[-1].response.usage
    assert 0 < usage.output_tokens_details.reasoning_tokens < usage.output_tokens
    events = await streamed(stage, "echo hi", model="gpt-6-sol", reasoning={"effort": "none"})
    assert [item.type for item in events[-1].response.output] == ["message"]
    assert events[-1].response.usage.output_tokens_details.reasoning_tokens == 0


async def test_a_thought_is_sealed_and_summarised_only_where_asked(near_stage: Stage) -> None:
    events = await streamed(near_stage, "think 40 echo hi")
    thought = events[-1].response.output[0]
    assert (thought.type, thought.summary, thought.encrypted_content) == ("reasoning", [], None)
    events = await streamed(near_stage, "think 40 echo hi", reasoning={"summary": "auto"})
    deltas = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(deltas) == events[-1].response.output[0].summary[0].text != ""
    assert events[-1].response.usage.output_tokens_details.reasoning_tokens == pytest.approx(40, abs=4)


async def test_a_thought_may_eat_the_whole_cap(stage: Stage) -> None:
    arguments: dict[str, Any] = {"model": "gpt-6-sol", "max_output_tokens": 200, "include": SEALED}
    events = await streamed(stage, "think 4000 echo hi", **arguments)
    last = events[-1].response
    assert (last.status, last.incomplete_details.reason, last.output_text) == ("incomplete", "max_output_tokens", "")
    assert last.usage.output_tokens_details.reasoning_tokens == last.usage.output_tokens
    assert [item.type for item in last.output] == ["reasoning"]
    events = await streamed(stage, "think 400 echo hi", reasoning={"effort": "low"}, **arguments)
    assert (events[-1].response.status, events[-1].response.output_text) == ("completed", "hi")


async def test_what_came_back_can_be_sent_again(stage: Stage) -> None:
    """The stateless way: the output items become input items, with thoughts and calls."""
    first = await sdk(stage).responses.create(
        model="gpt-6-sol", input="loop 1", tools=[TOOL], store=False, include=SEALED
    )
    items: list[Any] = [{"role": "user", "content": "loop 1"}]
    items += [item.model_dump(exclude_none=True) for item in first.output]
    call = first.output[-1]
    assert call.type == "function_call"
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "fine"})
    heard = await hear(ResponsesSpeaker(stage), "", history=items, model="gpt-6-sol", tools=[QUERY_TOOL])
    assert "Rounds of tool calls: 1" in heard.text


async def test_a_nested_error_event_is_raised_by_the_sdk(near_stage: Stage) -> None:
    with pytest.raises(openai.APIError, match="overloaded") as caught:
        await streamed(near_stage, "fault error_event_nested")
    assert caught.value.code == "server_is_overloaded"


async def test_a_failed_response(stage: Stage) -> None:
    events = await streamed(stage, "fault response_failed")
    last = events[-1]
    assert (last.type, last.response.status, last.response.error.code) == ("response.failed", "failed", "server_error")
    assert stage.newest.outcome == "broken"
