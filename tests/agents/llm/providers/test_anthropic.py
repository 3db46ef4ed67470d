"""What is particular to the Messages wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from agents.llm.errors import ProviderBadStream
from agents.llm.events import CallFinished, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import Usage
from agents.llm.providers.anthropic import AnthropicMessages
from tests.agents.llm.providers.requests import WEATHER, ask, events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import KEY, MessagesWire, event

WIRE = MessagesWire()


@pytest.fixture
def build(server: ScriptedServer, http_client: httpx2.AsyncClient) -> Callable[..., AnthropicMessages]:
    def make(**more: Any) -> AnthropicMessages:
        given = {"http_client": http_client, "base_url": server.url, "api_key": KEY, **more}
        return AnthropicMessages(**given)

    return make


@pytest.fixture
def model(build: Callable[..., AnthropicMessages]) -> AnthropicMessages:
    return build()


def play_hi(server: ScriptedServer) -> None:
    server.play(WIRE.start(), WIRE.text("Hi"), WIRE.finish("stop"), WIRE.end())


async def test_the_request_on_the_wire(server: ScriptedServer, model: AnthropicMessages) -> None:
    play_hi(server)
    await events_of(model, ask(temperature=0.2, tools=(WEATHER,), tool_choice="none"))
    assert server.received[0].path == "/v1/messages"
    assert server.received[0].headers["anthropic-version"] == "2023-06-01"
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.body == {
        "model": "some-model",
        "max_tokens": 256,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "tools": [{"name": WEATHER.name, "description": WEATHER.description, "input_schema": WEATHER.parameters}],
        "tool_choice": {"type": "none"},
        "temperature": 0.2,
        "stream": True,
    }


async def test_what_is_not_asked_for_is_not_sent(server: ScriptedServer, model: AnthropicMessages) -> None:
    play_hi(server)
    await events_of(model, ask(instructions="", tool_choice="none"))
    assert set(server.body) == {"model", "max_tokens", "messages", "stream"}


@pytest.mark.parametrize(("stored", "sent"), [(0.0, 0.0), (1.0, 1.0), (1.7, 1.0)])
async def test_a_temperature_above_the_wires_maximum_is_the_maximum(
    server: ScriptedServer, model: AnthropicMessages, stored: float, sent: float
) -> None:
    play_hi(server)
    request = ask(temperature=stored)
    await events_of(model, request)
    assert server.body["temperature"] == sent
    assert request.temperature == stored


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_end_as_people_write_it(
    server: ScriptedServer, build: Callable[..., AnthropicMessages], tail: str
) -> None:
    play_hi(server)
    await events_of(build(base_url=server.url + tail))
    assert server.received[0].path == "/v1/messages"


async def test_headers_of_a_gateway_are_sent_and_win(
    server: ScriptedServer, build: Callable[..., AnthropicMessages]
) -> None:
    play_hi(server)
    await events_of(build(headers={"x-team": "blue", "anthropic-version": "2099-01-01"}))
    assert server.received[0].headers["x-team"] == "blue"
    assert server.received[0].headers["anthropic-version"] == "2099-01-01"


async def test_without_a_key_none_is_taken_from_the_environment(
    server: ScriptedServer, build: Callable[..., AnthropicMessages], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-env-secret")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "env-secret")
    play_hi(server)
    await events_of(build(api_key=""))
    assert server.received[0].headers["authorization"] == "Bearer none"


async def test_cached_input_counts_as_input_and_later_totals_overwrite(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    final = {"input_tokens": 11, "cache_read_input_tokens": 5, "output_tokens": 9}
    server.play(
        WIRE.start(),
        event("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 4}),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage=final),
        WIRE.end(),
    )
    usage = Usage(input_tokens=11 + 10 + 5, output_tokens=9, cache_read_tokens=5, cache_write_tokens=10)
    assert await events_of(model) == [CallFinished(finish_reason="stop", usage=usage)]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop_sequence", "stop"),
        ("model_context_window_exceeded", "context_window"),
        ("pause_turn", "length"),
        ("something_new", "stop"),
    ],
)
async def test_other_stop_reasons(server: ScriptedServer, model: AnthropicMessages, word: str, reason: str) -> None:
    server.play(WIRE.start(), event("message_delta", delta={"stop_reason": word}, usage=None), WIRE.end())
    assert await events_of(model) == [CallFinished(finish_reason=reason, usage=None)]  # type: ignore[arg-type]


async def test_the_signature_of_reasoning_is_told(server: ScriptedServer, model: AnthropicMessages) -> None:
    server.play(
        WIRE.start(),
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "So."}),
        event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2ln"}),
        event("content_block_stop", index=0),
        event("content_block_start", index=1, content_block={"type": "redacted_thinking", "data": "xx"}),
        event("content_block_stop", index=1),
        WIRE.text("Yes."),
        WIRE.finish("stop"),
        WIRE.end(),
    )
    assert (await events_of(model))[:-1] == [
        ReasoningDelta(text="So."),
        ReasoningDelta(signature="c2ln"),
        TextDelta(text="Yes."),
    ]


async def test_calls_are_numbered_among_themselves_not_among_the_blocks(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    def start(index: int, id: str) -> bytes:
        block = {"type": "tool_use", "id": id, "name": "now", "input": {}}
        return event("content_block_start", index=index, content_block=block)

    def piece(index: int, text: str) -> bytes:
        return event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": text})

    server.play(
        WIRE.start(),
        start(3, "a"),
        start(7, "b"),
        piece(7, "{"),
        piece(3, ""),
        piece(3, "[]"),
        WIRE.finish("tool_calls"),
    )
    assert (await events_of(model))[:-1] == [
        ToolCallDelta(index=0, id="a", name="now"),
        ToolCallDelta(index=1, id="b", name="now"),
        ToolCallDelta(index=1, arguments="{"),
        ToolCallDelta(index=0, arguments="[]"),
    ]


async def test_an_input_that_came_whole_with_its_start(server: ScriptedServer, model: AnthropicMessages) -> None:
    block = {"type": "tool_use", "id": "a", "name": "now", "input": {"zone": "UTC"}}
    server.play(
        WIRE.start(),
        event("content_block_start", index=0, content_block=block),
        event("content_block_stop", index=0),
        WIRE.finish("tool_calls"),
    )
    assert (await events_of(model))[:-1] == [
        ToolCallDelta(index=0, id="a", name="now"),
        ToolCallDelta(index=0, arguments='{"zone":"UTC"}'),
    ]


async def test_an_input_that_came_whole_and_in_pieces_is_told_once(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    block = {"type": "tool_use", "id": "a", "name": "now", "input": {"zone": "UTC"}}
    delta = {"type": "input_json_delta", "partial_json": '{"zone":"UTC"}'}
    server.play(
        WIRE.start(),
        event("content_block_start", index=0, content_block=block),
        event("content_block_delta", index=0, delta=delta),
        event("content_block_stop", index=0),
        WIRE.finish("tool_calls"),
    )
    assert (await events_of(model))[1:-1] == [ToolCallDelta(index=0, arguments='{"zone":"UTC"}')]


async def test_pings_and_new_kinds_are_passed_over(server: ScriptedServer, model: AnthropicMessages) -> None:
    server.play(
        WIRE.start(),
        event("ping"),
        event("something_new", index=1),
        event("content_block_start", index=0, content_block={"type": "new_block", "x": 1}),
        event("content_block_delta", index=0, delta={"type": "new_delta", "x": 1}),
        event("content_block_stop", index=0),
        WIRE.text("Hi"),
        WIRE.finish("stop"),
        WIRE.end(),
    )
    assert (await events_of(model))[0] == TextDelta(text="Hi")


async def test_events_without_a_name_are_no_answer(server: ScriptedServer, model: AnthropicMessages) -> None:
    named = b"".join([WIRE.start(), WIRE.text("Hi"), WIRE.finish("stop"), WIRE.end()])
    lines = [line for line in named.split(b"\n") if not line.startswith(b"event:")]
    server.play(b"\n".join(lines))
    with pytest.raises(ProviderBadStream):
        await events_of(model)


async def test_a_piece_of_a_call_that_never_began(server: ScriptedServer, model: AnthropicMessages) -> None:
    delta = {"type": "input_json_delta", "partial_json": "{}"}
    server.play(WIRE.start(), event("content_block_delta", index=4, delta=delta), WIRE.finish("tool_calls"))
    with pytest.raises(ProviderBadStream):
        await events_of(model)
