"""What all adapters promise, held against real HTTP streams."""

from __future__ import annotations

import asyncio

import pytest

from agents.llm.events import CallFinished, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.providers.base import ChatModel
from tests.agents.llm.providers.requests import ask, events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import USAGE, Wire


async def test_text_arrives_piece_by_piece_and_ends_with_the_usage(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(wire.start(), wire.text("Hel"), wire.text("lo ☀"), wire.finish("stop"), wire.end())
    assert await events_of(model) == [
        TextDelta(text="Hel"),
        TextDelta(text="lo ☀"),
        CallFinished(finish_reason="stop", usage=USAGE),
    ]


async def test_tool_calls_are_numbered_from_zero_in_their_order(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(
        wire.start(),
        wire.text("Let me look."),
        wire.call(0, id="call_a", name="get_weather", arguments=['{"city": "Ly', 'on"}']),
        wire.call(1, id="call_b", name="now", arguments=[]),
        wire.finish("tool_calls"),
        wire.end(),
    )
    assert await events_of(model) == [
        TextDelta(text="Let me look."),
        ToolCallDelta(index=0, id="call_a", name="get_weather"),
        ToolCallDelta(index=0, arguments='{"city": "Ly'),
        ToolCallDelta(index=0, arguments='on"}'),
        ToolCallDelta(index=1, id="call_b", name="now"),
        CallFinished(finish_reason="tool_calls", usage=USAGE),
    ]


async def test_reasoning_comes_apart_from_the_text(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.reasoning("Hm."), wire.text("Yes."), wire.finish("stop"), wire.end())
    events = await events_of(model)
    assert events[:2] == [ReasoningDelta(text="Hm."), TextDelta(text="Yes.")]


@pytest.mark.parametrize("reason", ["stop", "length", "refusal"])
async def test_the_finish_reason_is_told(
    server: ScriptedServer, wire: Wire, model: ChatModel, reason: FinishReason
) -> None:
    server.play(wire.start(), wire.text("So"), wire.finish(reason), wire.end())
    assert (await events_of(model))[-1] == CallFinished(finish_reason=reason, usage=USAGE)


async def test_a_finish_that_contradicts_the_content_follows_the_content(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(wire.start(), wire.call(0, id="a", name="now", arguments=["{}"]), wire.finish("stop"), wire.end())
    server.play(wire.start(), wire.text("Done."), wire.finish("tool_calls"), wire.end())
    assert (await events_of(model))[-1] == CallFinished(finish_reason="tool_calls", usage=USAGE)
    assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=USAGE)


async def test_usage_that_was_not_told_is_none(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("Hi"), wire.finish("stop", usage=False), wire.end())
    assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=None)


async def test_the_request_id_is_told(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    names = {"request-id": "req_7", "x-request-id": "req_7", "content-type": "text/event-stream"}
    server.play(wire.start(), wire.finish("stop"), wire.end(), headers=names)
    assert await events_of(model) == [CallFinished(finish_reason="stop", usage=USAGE, request_id="req_7")]


async def test_bytes_may_be_split_anywhere(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    whole = b"".join([wire.start(), wire.text("grüß 🙂 dich"), wire.finish("stop"), wire.end()])
    server.play(*(whole[place : place + 3] for place in range(0, len(whole), 3)))
    assert (await events_of(model))[0] == TextDelta(text="grüß 🙂 dich")


async def test_a_character_cut_into_halves_is_joined(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("sun \ud83c"), wire.text("\udf1e!\ud83c"), wire.finish("stop"), wire.end())
    assert (await events_of(model))[:-1] == [TextDelta(text="sun "), TextDelta(text="🌞!")]


async def test_a_nul_is_left_out(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("a\x00b"), wire.finish("stop"), wire.end())
    assert (await events_of(model))[0] == TextDelta(text="ab")


async def test_the_next_call_uses_the_same_connection(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    for _ in range(3):
        server.play(wire.start(), wire.text("Hi"), wire.finish("stop"), wire.end())
        await events_of(model)
    assert server.connections == 1


async def test_a_complete_answer_is_not_held_up_by_a_server_that_keeps_the_stream_open(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(wire.start(), wire.text("Hi"), wire.finish("stop"), wire.end(), accident="stall")
    async with asyncio.timeout(60):  # far below the client's own time-out
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=USAGE)
        await server.client_left.wait()


async def test_closing_the_events_closes_the_connection(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    server.play(wire.start(), wire.text("Hi"), accident="stall")
    events = model.stream(ask())
    while not isinstance(event := await anext(events), TextDelta):
        pass
    assert event == TextDelta(text="Hi")
    await events.aclose()
    async with asyncio.timeout(60):
        await server.client_left.wait()


async def test_cancelling_the_reader_closes_the_connection(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(wire.start(), wire.text("Hi"), accident="stall")
    reader = asyncio.ensure_future(events_of(model))
    async with asyncio.timeout(60):
        await server.waiting.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    async with asyncio.timeout(60):
        await server.client_left.wait()


async def test_nothing_is_sent_before_the_first_event_is_asked_for(server: ScriptedServer, model: ChatModel) -> None:
    events = model.stream(ask())
    await asyncio.sleep(0)
    await events.aclose()
    assert server.received == []
