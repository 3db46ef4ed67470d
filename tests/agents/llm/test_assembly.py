from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.assembly import Assembly
from agents.llm.events import CallFinished, ModelEvent, ReasoningDelta, TextDelta, ToolCallDelta, Waiting
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall


def assembled(*events: ModelEvent, complete_calls_only: bool = False) -> tuple[Part, ...]:
    assembly = Assembly()
    for event in events:
        assembly.add(event)
    return assembly.message(complete_calls_only=complete_calls_only).parts


def test_text_deltas_form_one_part() -> None:
    assert assembled(TextDelta(text="Hel"), TextDelta(text=""), TextDelta(text="lo")) == (TextPart(text="Hello"),)


def test_nothing_said_is_no_part() -> None:
    assert assembled(TextDelta(text=""), ReasoningDelta()) == ()


def test_the_message_is_the_assistants_and_has_the_id_that_was_given() -> None:
    assembly = Assembly()
    assembly.add(TextDelta(text="Hi"))
    assert assembly.message(id="7") == Message(role="assistant", id="7", parts=(TextPart(text="Hi"),))


def test_parts_keep_the_order_of_appearance() -> None:
    parts = assembled(
        ReasoningDelta(text="Let me "),
        ReasoningDelta(text="look."),
        ReasoningDelta(signature="sig"),
        TextDelta(text="One moment."),
        ToolCallDelta(index=0, id="c0", name="look", arguments='{"at":'),
        ToolCallDelta(index=0, arguments='"Oslo"}'),
        TextDelta(text="Done."),
    )
    assert parts == (
        ReasoningPart(text="Let me look.", signature="sig"),
        TextPart(text="One moment."),
        ToolCall(id="c0", name="look", arguments='{"at":"Oslo"}'),
        TextPart(text="Done."),
    )


def test_a_signature_ends_its_reasoning() -> None:
    parts = assembled(
        ReasoningDelta(text="a", signature="1"), ReasoningDelta(signature="2"), ReasoningDelta(text="c", signature="3")
    )
    assert [part.signature for part in parts if isinstance(part, ReasoningPart)] == ["1", "2", "3"]


def test_parallel_calls_may_be_interleaved() -> None:
    parts = assembled(
        ToolCallDelta(index=0, id="c0", name="a"),
        ToolCallDelta(index=1, id="c1", name="b"),
        ToolCallDelta(index=0, arguments='{"x":1}'),
        ToolCallDelta(index=1, arguments='{"y":2}'),
    )
    assert parts == (ToolCall(id="c0", name="a", arguments='{"x":1}'), ToolCall(id="c1", name="b", arguments='{"y":2}'))


def test_a_call_without_arguments_has_an_empty_object() -> None:
    call = ToolCallDelta(index=0, id="c0", name="now")
    assert assembled(call, complete_calls_only=True) == (ToolCall(id="c0", name="now", arguments="{}"),)


@pytest.mark.parametrize("arguments", ['{"at":', '{"at":"Os', "{", '{"at":"Oslo"}}'])
def test_a_call_that_was_cut_goes_only_when_asked(arguments: str) -> None:
    events = (
        TextDelta(text="Look:"),
        ToolCallDelta(index=0, id="c0", name="look", arguments="{}"),
        ToolCallDelta(index=1, id="c1", name="look", arguments=arguments),
    )
    text, whole = TextPart(text="Look:"), ToolCall(id="c0", name="look", arguments="{}")
    assert assembled(*events) == (text, whole, ToolCall(id="c1", name="look", arguments=arguments))
    assert assembled(*events, complete_calls_only=True) == (text, whole)


def test_waiting_and_the_end_add_nothing() -> None:
    waiting = Waiting(reason="pacing", pool="p", retry_at=1.0, used=1, limit=2, position=0)
    assert assembled(waiting, TextDelta(text="Hi"), CallFinished(finish_reason="stop", usage=None)) == (
        TextPart(text="Hi"),
    )


events = st.one_of(
    st.builds(TextDelta, text=st.text(max_size=5)),
    st.builds(ReasoningDelta, text=st.text(max_size=5), signature=st.sampled_from(["", "", "s"])),
    st.builds(
        ToolCallDelta, index=st.integers(0, 2), id=st.just("c"), name=st.just("f"), arguments=st.text(max_size=5)
    ),
)


@given(st.lists(events, max_size=30))
@settings(max_examples=100, deadline=None)
def test_nothing_of_a_stream_is_lost(stream: list[ModelEvent]) -> None:
    message = Message(role="assistant", parts=assembled(*stream))
    assert message.text == "".join(event.text for event in stream if isinstance(event, TextDelta))
    thought = "".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    assert thought == "".join(event.text for event in stream if isinstance(event, ReasoningDelta))
    streamed: dict[int, str] = {}
    for event in stream:
        if isinstance(event, ToolCallDelta):
            streamed[event.index] = streamed.get(event.index, "") + event.arguments
    assert [call.arguments for call in message.tool_calls] == [text or "{}" for text in streamed.values()]


@given(st.lists(events, max_size=20))
@settings(max_examples=50, deadline=None)
def test_asking_in_between_changes_nothing(stream: list[ModelEvent]) -> None:
    assembly = Assembly()
    for event in stream:
        assembly.add(event)
        assembly.message()
    assert assembly.message().parts == assembled(*stream)
