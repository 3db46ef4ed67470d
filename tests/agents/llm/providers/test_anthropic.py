"""What is particular to the Messages wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from agents.llm.assembly import Assembly
from agents.llm.capabilities import Capabilities, Effort, Parameter, Thinking
from agents.llm.errors import ProviderBadStream
from agents.llm.events import CallFinished, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolResult, Usage, user_text
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.refused_parameters import refusing
from tests.agents.llm.providers.requests import TAKES_A_TEMPERATURE, THINKS, WEATHER, ask, events_of
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


@pytest.mark.parametrize(
    ("able", "temperature", "version"),
    [
        (TAKES_A_TEMPERATURE, 0.5, "2023-06-01"),
        (TAKES_A_TEMPERATURE, None, "2026-10-21"),
        (THINKS, 0.5, "2026-10-21"),
    ],
)
async def test_the_older_version_is_spoken_only_to_send_a_temperature(
    server: ScriptedServer, model: AnthropicMessages, able: Capabilities, temperature: float | None, version: str
) -> None:
    play_hi(server)
    await events_of(model, ask(capabilities=able, temperature=temperature))
    assert server.received[0].headers["anthropic-version"] == version
    assert ("temperature" in server.body) is (version == "2023-06-01")


SUMMARIZED = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("thinking", "effort", "sent"),
    [
        ("none", None, {}),
        ("opt_in", None, {}),
        ("opt_in", "none", {}),
        ("opt_in", "low", {"thinking": SUMMARIZED, "output_config": {"effort": "low"}}),
        ("opt_in", "max", {}),
        ("default_on", None, {"thinking": SUMMARIZED}),
        ("default_on", "high", {"thinking": SUMMARIZED, "output_config": {"effort": "high"}}),
        ("default_on", "none", {"thinking": {"type": "disabled"}}),
        ("always", None, {"thinking": SUMMARIZED}),
        ("always", "low", {"thinking": SUMMARIZED, "output_config": {"effort": "low"}}),
    ],
)
async def test_thinking_is_asked_for_as_the_model_takes_it(
    server: ScriptedServer, model: AnthropicMessages, thinking: Thinking, effort: Effort | None, sent: dict[str, Any]
) -> None:
    play_hi(server)
    await events_of(model, ask(capabilities=replace(THINKS, thinking=thinking), effort=effort))
    assert {name: server.body[name] for name in ("thinking", "output_config") if name in server.body} == sent


async def test_a_model_that_always_thinks_is_not_told_not_to(server: ScriptedServer, model: AnthropicMessages) -> None:
    play_hi(server)
    able = replace(THINKS, thinking="always", efforts=("low", "high"))
    await events_of(model, ask(capabilities=able, effort="none"))
    assert server.body["thinking"] == SUMMARIZED


async def test_a_model_that_is_to_think_is_sent_no_temperature(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    able = replace(TAKES_A_TEMPERATURE, thinking="opt_in", efforts=("low",))
    for effort in (None, "low"):
        play_hi(server)
        await events_of(model, ask(capabilities=able, temperature=0.5, effort=effort))
    assert ["temperature" in received.body for received in server.received] == [True, False]


@pytest.mark.parametrize(
    ("refused", "thinking"), [("thinking", None), ("thoughts", {"type": "adaptive"}), ("temperature", SUMMARIZED)]
)
async def test_of_thinking_nothing_is_sent_that_was_refused_before(
    server: ScriptedServer, model: AnthropicMessages, refused: Parameter, thinking: object
) -> None:
    play_hi(server)
    await events_of(model, ask(capabilities=replace(THINKS, refused=frozenset([refused]))))
    assert server.body.get("thinking") == thinking


def marks(body: dict[str, Any]) -> list[str]:
    """Which blocks are marked, in the order of the prefix."""
    blocks = [*body.get("tools", []), *(body["system"] if isinstance(body.get("system"), list) else [])]
    blocks += [block for message in body["messages"] for block in message["content"]]
    marked = [block for block in blocks if "cache_control" in block]
    return [str(block.get("name") or block.get("text") or block["tool_use_id"]) for block in marked]


ROUND = (
    Message(role="assistant", parts=(TextPart(text="Looking."), ToolCall(id="a", name="get_weather"))),
    Message(role="tool", parts=(ToolResult(call_id="a", name="get_weather", text="Sun"),)),
)
TURN = (user_text("One"), *ROUND, Message(role="assistant", parts=(TextPart(text="Sunny."),)))


@pytest.mark.parametrize(
    ("messages", "marked"),
    [
        ((user_text("One"),), ["One"]),
        ((user_text("One"), *ROUND), ["a"]),
        ((*TURN, user_text("Two")), ["Sunny.", "Two"]),
        ((*TURN, user_text("Two"), *ROUND), ["Sunny.", "a"]),
        ((*TURN, user_text("Two"), *ROUND, *ROUND), ["Sunny.", "a"]),
    ],
)
async def test_what_stays_is_marked_for_the_providers_cache(
    server: ScriptedServer, model: AnthropicMessages, messages: tuple[Message, ...], marked: list[str]
) -> None:
    play_hi(server)
    other = replace(WEATHER, name="other")
    await events_of(model, ask(capabilities=THINKS, messages=messages, tools=(other, WEATHER)))
    assert marks(server.body) == ["get_weather", "Be brief.", *marked]
    assert len(marks(server.body)) <= 4, "more the wire does not take"
    assert server.body["system"][0]["cache_control"] == {"type": "ephemeral"}


async def test_nothing_is_marked_where_the_model_does_not_know_marks(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    play_hi(server)
    able = refusing(THINKS, ["cache_control"])
    await events_of(model, ask(capabilities=able, messages=(*TURN, user_text("Two")), tools=(WEATHER,)))
    assert marks(server.body) == []
    assert server.body["system"] == "Be brief."


async def test_a_conversation_grows_at_its_end_only_apart_from_the_marks(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    for messages in (TURN[:1], TURN[:3], (*TURN, user_text("Two"))):
        play_hi(server)
        await events_of(model, ask(capabilities=THINKS, messages=messages))
    sent = [
        [{**block, "cache_control": None} for message in received.body["messages"] for block in message["content"]]
        for received in server.received
    ]
    for shorter, longer in pairwise(sent):
        assert longer[: len(shorter)] == shorter


async def test_the_models_own_thinking_is_sent_back_as_it_came_and_no_other(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
    thought = ReasoningPart(text="Hm.", signature="c2ln", origin="some-model")
    redacted = ReasoningPart(text="", signature="redacted:xx", origin="some-model")
    other = ReasoningPart(text="Hm.", signature="c2ln", origin="another-model")
    unsigned = ReasoningPart(text="Hm.", origin="some-model")
    call = ToolCall(id="a", name="get_weather")
    messages = (
        user_text("One"),
        Message(role="assistant", parts=(other, unsigned, thought, redacted, call)),
        ROUND[1],
        Message(role="assistant", parts=(TextPart(text="Sunny."), thought)),
        user_text("Two"),
    )
    play_hi(server)
    await events_of(model, ask(messages=messages))
    assert [block for message in server.body["messages"] for block in message["content"]][1:-1] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "tool_use", "id": "a", "name": "get_weather", "input": {}},
        {"type": "tool_result", "tool_use_id": "a", "content": "Sun"},
        {"type": "text", "text": "Sunny."},
    ], "and the wire takes no message that ends in thinking"


async def test_thinking_comes_back_exactly_as_it_was_streamed(server: ScriptedServer, model: AnthropicMessages) -> None:
    """There and back: what one call thought is what the next one sends."""

    def delta(**fields: str) -> bytes:
        return event("content_block_delta", index=0, delta=fields)

    server.play(
        WIRE.start(),
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        delta(type="thinking_delta", thinking="Sun \ud83c"),
        delta(type="thinking_delta", thinking="\udf1e."),
        delta(type="signature_delta", signature="c2l"),
        delta(type="signature_delta", signature="nYQ=="),
        event("content_block_stop", index=0),
        event("content_block_start", index=1, content_block={"type": "redacted_thinking", "data": "eHg="}),
        event("content_block_stop", index=1),
        WIRE.text("Yes."),
        WIRE.finish("stop"),
        WIRE.end(),
    )
    assembly = Assembly()
    for one in await events_of(model):
        assembly.add(one)
    play_hi(server)
    await events_of(model, ask(messages=(user_text("One"), assembly.message(), user_text("Two"))))
    assert server.body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Sun 🌞.", "signature": "c2lnYQ=="},
        {"type": "redacted_thinking", "data": "eHg="},
        {"type": "text", "text": "Yes."},
    ]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud83c"])
async def test_thinking_that_cannot_be_kept_as_it_came_loses_its_signature(
    server: ScriptedServer, model: AnthropicMessages, text: str
) -> None:
    server.play(
        WIRE.start(),
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": text}),
        event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2ln"}),
        event("content_block_stop", index=0),
        WIRE.finish("stop"),
    )
    assert not any(isinstance(one, ReasoningDelta) and one.signature for one in await events_of(model))


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


async def test_reasoning_is_told_with_its_signature_and_whose_it_is(
    server: ScriptedServer, model: AnthropicMessages
) -> None:
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
        ReasoningDelta(signature="c2ln", origin="some-model"),
        ReasoningDelta(signature="redacted:xx", origin="some-model"),
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
