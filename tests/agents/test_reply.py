from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agents.budget import Budget
from agents.llm.capabilities import Capabilities, Effort
from agents.llm.errors import ConfigInvalid, ProviderOverloaded
from agents.llm.events import CallRefitted, CallRetried, ModelEvent, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import Message, ReasoningPart, TextPart, Usage
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.llm.tools import ToolSet
from agents.loop import Answered, LoopEvent, RequestBuilt, run_loop
from agents.reply import Reply, reply_of
from tests.agents.scripted_model import ScriptedModel, Step, a_request, finished, says

THINKS = Capabilities(
    temperature="none", thinking="default_on", efforts=("low", "medium", "high"), default_effort="medium"
)
ATE_IT = Usage(input_tokens=10, output_tokens=100, reasoning_tokens=100)
NOTHING_BUT_THOUGHT: Sequence[Step] = [finished("length", usage=ATE_IT)]


def thinking_request(*, effort: Effort | None = None, **able: Any) -> ModelRequest:
    return replace(a_request(call_id="first"), capabilities=replace(THINKS, **able), effort=effort)


async def played(model: ScriptedModel, request: ModelRequest) -> tuple[list[ModelEvent], Reply]:
    *events, last = [event async for event in reply_of(model, request=request)]
    assert isinstance(last, Reply)
    return [event for event in events if not isinstance(event, Reply)], last


async def test_an_answer_takes_one_call() -> None:
    model = ScriptedModel(says("Yes."))
    events, reply = await played(model, thinking_request())
    assert events == [TextDelta(text="Yes.")]
    assert (reply.message.text, reply.finish_reason, reply.is_thought_only) == ("Yes.", "stop", False)
    assert len(model.requests) == 1


async def test_a_reply_that_was_all_thought_is_asked_for_once_more_with_the_lowest_effort() -> None:
    model = ScriptedModel(NOTHING_BUT_THOUGHT, [TextDelta(text="Yes."), finished(usage=Usage(output_tokens=3))])
    events, reply = await played(model, thinking_request())
    first, second = model.requests
    assert (first.effort, second.effort) == (None, "low")
    assert events == [CallRetried(call_id=second.call_id), TextDelta(text="Yes.")]
    assert second.call_id not in ("", "first"), "the ledger keeps it as a call of its own"
    assert (reply.message.text, reply.is_thought_only) == ("Yes.", False)
    assert reply.usage == Usage(input_tokens=10, output_tokens=103, reasoning_tokens=100), "of both calls"


async def test_thoughts_that_were_shown_stay_but_can_never_be_sent_back() -> None:
    thought: list[Step] = [
        ReasoningDelta(text="Hm."),
        ReasoningDelta(signature="s", origin="scripted"),
        finished("length"),
    ]
    second: list[Step] = [
        ReasoningDelta(text="Ah."),
        ReasoningDelta(signature="t", origin="scripted"),
        TextDelta(text="Yes."),
        finished(),
    ]
    _, reply = await played(ScriptedModel(thought, second), thinking_request())
    assert reply.message.parts == (
        ReasoningPart(text="Hm."),
        ReasoningPart(text="Ah.", signature="t", origin="scripted"),
        TextPart(text="Yes."),
    )


@pytest.mark.parametrize(
    ("effort", "able"),
    [("low", {}), (None, {"efforts": ()}), (None, {"default_effort": "low"}), ("high", {"efforts": ("high",)})],
)
async def test_a_model_that_cannot_think_less_is_not_asked_twice(effort: Effort | None, able: dict[str, Any]) -> None:
    model = ScriptedModel(NOTHING_BUT_THOUGHT)
    _, reply = await played(model, thinking_request(effort=effort, **able))
    assert reply.is_thought_only
    assert len(model.requests) == 1


async def test_it_is_tried_only_once() -> None:
    model = ScriptedModel(NOTHING_BUT_THOUGHT, NOTHING_BUT_THOUGHT)
    _, reply = await played(model, thinking_request())
    assert reply.is_thought_only
    assert reply.usage == ATE_IT + ATE_IT


@pytest.mark.parametrize(
    "script",
    [
        [TextDelta(text="Half an"), finished("length", usage=ATE_IT)],
        [ToolCallDelta(index=0, id="a", name="f", arguments='{"x'), finished("length", usage=ATE_IT)],
        [finished("length", usage=Usage(output_tokens=100))],
        [finished("length")],
        [ReasoningDelta(text="Hm."), finished("stop", usage=ATE_IT)],
        [ReasoningDelta(text="Hm."), finished("refusal", usage=ATE_IT)],
    ],
)
async def test_other_short_replies_are_what_they_are(script: Sequence[Step]) -> None:
    model = ScriptedModel(script)
    _, reply = await played(model, thinking_request())
    assert not reply.is_thought_only
    assert len(model.requests) == 1


async def test_the_second_call_may_fail_like_any_other() -> None:
    model = ScriptedModel(NOTHING_BUT_THOUGHT, [ProviderOverloaded("busy")])
    with pytest.raises(ProviderOverloaded):
        await played(model, thinking_request())
    assert model.closed == 2


async def looped(model: ScriptedModel) -> tuple[list[LoopEvent], ConfigInvalid | None]:
    async def build(n: int, is_last: bool) -> ModelRequest:
        return thinking_request()

    events: list[LoopEvent] = []
    try:
        async for event in run_loop(model=model, tools=ToolSet([]), build_request=build, budget=Budget(3)):
            events.append(event)
    except ConfigInvalid as error:
        return events, error
    return events, None


async def test_the_loop_announces_the_second_call_before_it_is_sent() -> None:
    model = ScriptedModel(NOTHING_BUT_THOUGHT, says("Yes."))
    events, error = await looped(model)
    assert error is None
    announced = [event.request.call_id for event in events if isinstance(event, RequestBuilt)]
    assert announced == [request.call_id for request in model.requests]


async def test_a_turn_without_an_answer_is_explained_after_what_it_took_was_told() -> None:
    events, error = await looped(ScriptedModel(NOTHING_BUT_THOUGHT, NOTHING_BUT_THOUGHT))
    last = events[-1]
    assert isinstance(last, Answered)
    assert last.usage == ATE_IT + ATE_IT
    assert error is not None
    for words in ("100 tokens to think", "Your message is kept", "Max Output Tokens"):
        assert words in error.message


def lowered(cap: int) -> CallRefitted:
    return CallRefitted(max_output_tokens=cap)


class TestAReplyThatALoweredCapCut:
    """Lowered by a governor, not by whoever set it."""

    async def test_goes_on_by_itself_until_it_ends(self) -> None:
        model = ScriptedModel(
            [lowered(10), TextDelta(text="One, "), finished("length", usage=Usage(output_tokens=10))],
            [lowered(20), TextDelta(text="two, "), finished("length", usage=Usage(output_tokens=20))],
            [lowered(20), TextDelta(text="three."), finished(usage=Usage(output_tokens=5))],
        )
        _, reply = await played(model, a_request(call_id="first", max_output_tokens=100))
        assert (reply.message.text, reply.finish_reason) == ("One, two, three.", "stop")
        assert reply.message.parts == (TextPart(text="One, two, three."),), "as if nothing had cut it"
        assert reply.usage == Usage(output_tokens=35)
        first, second, third = model.requests
        assert [one.max_output_tokens for one in model.requests] == [100, 90, 70]
        assert [message.role for message in second.messages] == ["assistant", "user"]
        assert third.messages[0].text == "One, two, "
        assert len({one.call_id for one in model.requests}) == 3
        assert first.messages == ()

    async def test_ends_at_the_cap_that_was_set(self) -> None:
        model = ScriptedModel(
            [lowered(60), TextDelta(text="a"), finished("length", usage=Usage(output_tokens=60))],
            [lowered(40), TextDelta(text="b"), finished("length", usage=Usage(output_tokens=40))],
        )
        _, reply = await played(model, a_request(call_id="first", max_output_tokens=100))
        assert (reply.message.text, reply.finish_reason) == ("ab", "length")

    async def test_before_it_said_anything_gets_more_room(self) -> None:
        model = ScriptedModel([lowered(10), finished("length", usage=Usage(output_tokens=10))], says("Yes."))
        _, reply = await played(model, a_request(call_id="first", max_output_tokens=100))
        assert reply.message.text == "Yes."
        assert model.requests[1].least_reply == 40
        assert model.requests[1].effort == model.requests[0].effort

    async def test_makes_room_for_what_it_said(self) -> None:
        asked: list[int] = []

        def refit(max_input: int, cold: bool) -> ModelRequest:
            asked.append(max_input)
            return replace(full, counts=replace(full.counts, messages=(max_input,)))

        question = (Message(role="user", parts=(TextPart(text="Q"),)),)
        counts = BlockCounts(instructions=0, tools=0, overhead=0, messages=(1_000,))
        full = replace(
            a_request(call_id="first"), messages=question, counts=counts, input_limit=1_000, refit=lambda *_: full
        )
        model = ScriptedModel(
            [lowered(10), TextDelta(text="a"), finished("length", usage=Usage(output_tokens=10))], says("b")
        )
        _, reply = await played(model, replace(full, refit=refit))
        assert reply.message.text == "ab"
        assert asked == [940]
        assert model.requests[1].counts.total == 1_000

    async def test_with_tool_calls_is_complete(self) -> None:
        call = ToolCallDelta(index=0, id="c", name="look", arguments="{}")
        model = ScriptedModel([lowered(10), call, finished("length", usage=Usage(output_tokens=10))])
        _, reply = await played(model, a_request(call_id="first", max_output_tokens=100))
        assert [one.name for one in reply.message.tool_calls] == ["look"]

    async def test_without_a_count_is_left_as_it_is(self) -> None:
        model = ScriptedModel([lowered(10), TextDelta(text="a"), finished("length")])
        _, reply = await played(model, a_request(call_id="first", max_output_tokens=100))
        assert reply.finish_reason == "length"
