"""What is particular to the Responses wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from agents.llm.assembly import Assembly
from agents.llm.capabilities import Effort
from agents.llm.errors import (
    ContextOverflow,
    LLMError,
    ParameterRefused,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
)
from agents.llm.events import CallFinished, ModelEvent, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolResult, user_text
from agents.llm.providers.openai_responses import OpenAIResponses
from tests.agents.llm.providers.requests import THINKS, WEATHER, ask, events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import KEY, USAGE, ResponsesWire, data, event

WIRE = ResponsesWire()
SIGNED = '{"id":"rs_1","encrypted_content":"gAAA"}'


@pytest.fixture
def build(server: ScriptedServer, http_client: httpx2.AsyncClient) -> Callable[..., OpenAIResponses]:
    def make(**more: Any) -> OpenAIResponses:
        given = {"http_client": http_client, "base_url": f"{server.url}/v1", "api_key": KEY, **more}
        return OpenAIResponses(**given)

    return make


@pytest.fixture
def model(build: Callable[..., OpenAIResponses]) -> OpenAIResponses:
    return build()


def play_hi(server: ScriptedServer) -> None:
    server.play(WIRE.start(), WIRE.text("Hi"), WIRE.finish("stop"))


def added(place: int, **item: Any) -> bytes:
    return event("response.output_item.added", output_index=place, item=item)


def done(place: int, **item: Any) -> bytes:
    return event("response.output_item.done", output_index=place, item=item)


def calls_in(events: list[ModelEvent]) -> list[tuple[str, str]]:
    assembly = Assembly()
    for one in events:
        assembly.add(one)
    return [(call.name, call.arguments) for call in assembly.message().tool_calls]


class TestRequest:
    async def test_the_request_on_the_wire(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        play_hi(server)
        await events_of(model, ask(temperature=2.5, tools=(WEATHER,), tool_choice="none"))
        assert server.received[0].path == "/v1/responses"
        assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.body == {
            "model": "some-model",
            "instructions": "Be brief.",
            "input": [{"type": "message", "role": "user", "content": "Hello"}],
            "max_output_tokens": 256,
            "tools": [
                {
                    "type": "function",
                    "name": WEATHER.name,
                    "description": WEATHER.description,
                    "parameters": WEATHER.parameters,
                    "strict": False,
                }
            ],
            "tool_choice": "none",
            "temperature": 2.0,
            "store": False,
            "stream": True,
        }

    async def test_what_is_not_asked_for_is_not_sent(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        play_hi(server)
        await events_of(model, ask(instructions=" ", tool_choice="none"))
        assert set(server.body) == {"model", "input", "max_output_tokens", "store", "stream"}

    @pytest.mark.parametrize(
        ("effort", "reasoning"),
        [
            (None, {"summary": "auto"}),
            ("high", {"effort": "high", "summary": "auto"}),
            ("none", {"effort": "none"}),
            ("max", {"summary": "auto"}),
        ],
    )
    async def test_a_model_that_thinks_is_asked_for_its_thoughts(
        self, server: ScriptedServer, model: OpenAIResponses, effort: Effort | None, reasoning: dict[str, str]
    ) -> None:
        play_hi(server)
        await events_of(model, ask(capabilities=THINKS, effort=effort, temperature=1.0))
        assert server.body["reasoning"] == reasoning
        assert server.body["include"] == ["reasoning.encrypted_content"]
        assert "temperature" not in server.body

    @pytest.mark.parametrize(
        ("refused", "gone"),
        [("thinking", "reasoning"), ("include", "include"), ("store", "store"), ("tool_choice", "tool_choice")],
    )
    async def test_what_was_refused_before_is_not_sent(
        self, server: ScriptedServer, model: OpenAIResponses, refused: str, gone: str
    ) -> None:
        able = replace(THINKS, refused=frozenset([refused]))  # type: ignore[list-item]
        for capabilities in (THINKS, able):
            play_hi(server)
            await events_of(model, ask(capabilities=capabilities, tools=(WEATHER,), tool_choice="none"))
        assert [gone in received.body for received in server.received] == [True, False]

    async def test_thoughts_that_may_not_be_shown_are_not_asked_for(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        play_hi(server)
        able = replace(THINKS, refused=frozenset(["thoughts"]))
        await events_of(model, ask(capabilities=able, effort="low"))
        assert server.body["reasoning"] == {"effort": "low"}

    async def test_headers_of_a_gateway_are_sent_and_the_environments_are_not(
        self, server: ScriptedServer, build: Callable[..., OpenAIResponses], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-env-secret")
        play_hi(server)
        await events_of(build(headers={"x-team": "blue"}, api_key=""))
        assert server.received[0].headers["x-team"] == "blue"
        assert server.received[0].headers["authorization"] == "Bearer none"
        assert not {"openai-organization", "openai-project"} & set(server.received[0].headers)


class TestReasoning:
    async def test_thoughts_are_told_with_what_sends_them_back(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        summary = [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]
        server.play(
            WIRE.start(),
            added(0, type="reasoning", id="rs_1", summary=[], encrypted_content="gA"),
            event("response.reasoning_summary_part.added", item_id="rs_1", output_index=0, summary_index=0),
            event("response.reasoning_summary_text.delta", item_id="rs_1", output_index=0, delta="One."),
            event("response.reasoning_summary_text.done", item_id="rs_1", output_index=0, text="One."),
            event("response.reasoning_summary_part.added", item_id="rs_1", output_index=0, summary_index=1),
            event("response.reasoning_summary_text.delta", item_id="rs_1", output_index=0, delta="Two."),
            done(0, type="reasoning", id="rs_1", summary=summary, encrypted_content="gAAA"),
            WIRE.text("Yes."),
            WIRE.finish("stop"),
        )
        assert await events_of(model) == [
            ReasoningDelta(text="One."),
            ReasoningDelta(text="\n\n"),
            ReasoningDelta(text="Two."),
            ReasoningDelta(signature=SIGNED, origin="some-model"),
            TextDelta(text="Yes."),
            CallFinished(finish_reason="stop", usage=USAGE),
        ]

    async def test_hidden_thoughts_can_be_sent_back_too(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        server.play(
            WIRE.start(),
            done(0, type="reasoning", id="rs_1", summary=[], encrypted_content="gAAA"),
            WIRE.finish("stop"),
        )
        assert (await events_of(model))[0] == ReasoningDelta(signature=SIGNED, origin="some-model")

    async def test_thoughts_that_came_whole(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        summary = [{"type": "summary_text", "text": "One."}]
        server.play(WIRE.start(), done(0, type="reasoning", id="rs_1", summary=summary), WIRE.finish("stop"))
        assert (await events_of(model))[:-1] == [ReasoningDelta(text="One.")], "unsigned: it cannot be sent back"

    async def test_the_models_own_reasoning_is_sent_back_right_before_what_came_of_it(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        mine = ReasoningPart(text="Hm.", signature=SIGNED, origin="some-model")
        other = ReasoningPart(text="Hm.", signature=SIGNED, origin="another-model")
        foreign = ReasoningPart(text="Hm.", signature="c2ln", origin="some-model")
        unsigned = ReasoningPart(text="Hm.", origin="some-model")
        call = ToolCall(id="a", name="get_weather")
        result = Message(role="tool", parts=(ToolResult(call_id="a", name="get_weather", text="Sun"),))
        play_hi(server)
        messages = (
            user_text("Weather?"),
            Message(role="assistant", parts=(other, foreign, unsigned, mine, call)),
            result,
            Message(role="assistant", parts=(TextPart(text="Sunny."), mine)),
            user_text("Sure?"),
        )
        await events_of(model, ask(capabilities=THINKS, messages=messages))
        summary = [{"type": "summary_text", "text": "Hm."}]
        assert server.body["input"] == [
            {"type": "message", "role": "user", "content": "Weather?"},
            {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "gAAA"},
            {"type": "function_call", "call_id": "a", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "Sun"},
            {"type": "message", "role": "assistant", "content": "Sunny."},
            {"type": "message", "role": "user", "content": "Sure?"},
        ]


class TestEndings:
    @pytest.mark.parametrize(
        ("why", "reason"),
        [("max_output_tokens", "length"), ("content_filter", "refusal"), ("something_new", "length"), (None, "length")],
    )
    async def test_an_incomplete_response(
        self, server: ScriptedServer, model: OpenAIResponses, why: str | None, reason: str
    ) -> None:
        details = None if why is None else {"reason": why}
        response = {"status": "incomplete", "incomplete_details": details, "usage": None}
        server.play(WIRE.start(), event("response.incomplete", response=response))
        assert await events_of(model) == [CallFinished(finish_reason=reason, usage=None)]  # type: ignore[arg-type]

    async def test_a_refusal_in_words(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        server.play(
            WIRE.start(),
            event("response.refusal.delta", item_id="m", delta="I cannot."),
            event("response.refusal.done", item_id="m", refusal="I cannot."),
            WIRE.finish("stop"),
        )
        assert await events_of(model) == [
            TextDelta(text="I cannot."),
            CallFinished(finish_reason="refusal", usage=USAGE),
        ]

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            ({"code": "server_error", "message": "it went wrong"}, ProviderOverloaded),
            ({"code": "rate_limit_exceeded", "message": "it went wrong"}, ProviderRateLimited),
            ({"code": "context_length_exceeded", "message": "it went wrong"}, ContextOverflow),
            ({"code": "x", "message": "it went wrong: Your input exceeds the context window"}, ContextOverflow),
            ({"code": "unsupported_value", "message": "it went wrong", "param": "temperature"}, ParameterRefused),
            ({"code": "of_tomorrow", "message": "it went wrong"}, ProviderBadStream),
        ],
    )
    @pytest.mark.parametrize("shape", ["failed", "flat", "nested", "nested without a name"])
    async def test_a_failure_inside_the_stream_in_each_of_its_shapes(
        self,
        server: ScriptedServer,
        model: OpenAIResponses,
        failure: dict[str, str],
        expected: type[LLMError],
        shape: str,
    ) -> None:
        shapes = {
            "failed": event("response.failed", response={"status": "failed", "error": failure}),
            "flat": event("error", sequence_number=3, **failure),
            "nested": event("error", error=failure),
            "nested without a name": data({"error": failure}),
        }
        server.play(WIRE.start(), shapes[shape])
        with pytest.raises(LLMError) as caught:
            await events_of(model)
        assert type(caught.value) is expected
        assert "it went wrong" in caught.value.detail
        assert "it went wrong" not in caught.value.message

    @pytest.mark.parametrize("kind", ["response.failed", "response.cancelled"])
    async def test_a_failure_that_gives_no_reason(
        self, server: ScriptedServer, model: OpenAIResponses, kind: str
    ) -> None:
        server.play(WIRE.start(), event(kind, response={"error": None}))
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    async def test_events_need_no_name(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        named = b"".join([WIRE.start(), WIRE.text("Hi"), WIRE.finish("stop")])
        server.play(b"\n".join(line for line in named.split(b"\n") if not line.startswith(b"event:")))
        assert await events_of(model) == [TextDelta(text="Hi"), CallFinished(finish_reason="stop", usage=USAGE)]

    async def test_an_end_marker_as_on_the_other_wire_ends_nothing(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        server.play(WIRE.start(), WIRE.text("Hi"), b"data: [DONE]\n\n")
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    async def test_a_usage_of_zeros_is_none(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        server.play(WIRE.text("Hi"), event("response.completed", response={"usage": usage}))
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=None)


class TestServersThatStreamLess:
    async def test_a_text_that_came_whole(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        content = [{"type": "output_text", "text": "Hi", "annotations": []}]
        server.play(
            WIRE.start(),
            added(0, type="message", id="m", content=[]),
            done(0, type="message", id="m", content=content),
            WIRE.finish("stop"),
        )
        assert (await events_of(model))[0] == TextDelta(text="Hi")

    async def test_a_text_in_pieces_and_whole_is_told_once(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        content = [{"type": "output_text", "text": "Hi", "annotations": []}]
        server.play(
            added(0, type="message", id="m", content=[]),
            WIRE.text("Hi"),
            event("response.output_text.done", item_id="m", output_index=0, text="Hi"),
            done(0, type="message", id="m", content=content),
            WIRE.finish("stop"),
        )
        assert [one for one in await events_of(model) if isinstance(one, TextDelta)] == [TextDelta(text="Hi")]

    async def test_a_call_that_came_only_with_its_end(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        call = {"type": "function_call", "call_id": "a", "name": "now", "arguments": '{"zone":"UTC"}'}
        server.play(WIRE.start(), done(0, **call), WIRE.finish("stop"))
        assert await events_of(model) == [
            ToolCallDelta(index=0, id="a", name="now"),
            ToolCallDelta(index=0, arguments='{"zone":"UTC"}'),
            CallFinished(finish_reason="tool_calls", usage=USAGE),
        ]

    async def test_arguments_that_came_whole(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        call = {"type": "function_call", "id": "fc", "call_id": "a", "name": "now"}
        server.play(
            added(0, **call),
            event("response.function_call_arguments.done", item_id="fc", output_index=0, arguments='{"a":1}'),
            done(0, **call, arguments='{"a":1}'),
            WIRE.finish("stop"),
        )
        assert calls_in(await events_of(model)) == [("now", '{"a":1}')]

    async def test_two_calls_at_one_place(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        def call(id: str, arguments: str) -> bytes:
            item = {"type": "function_call", "call_id": id, "name": "now"}
            piece = event("response.function_call_arguments.delta", output_index=0, delta=arguments)
            return added(0, **item) + piece + done(0, **item, arguments=arguments)

        server.play(call("a", '{"n":1}'), call("b", '{"n":2}'), WIRE.finish("stop"))
        assert calls_in(await events_of(model)) == [("now", '{"n":1}'), ("now", '{"n":2}')]

    async def test_calls_whose_pieces_come_in_turn(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        def piece(number: int, text: str) -> bytes:
            return event("response.function_call_arguments.delta", item_id=f"fc{number}", delta=text)

        server.play(
            added(0, type="function_call", id="fc0", call_id="a", name="f"),
            added(1, type="function_call", id="fc1", call_id="b", name="g"),
            piece(0, '{"n"'),
            piece(1, "[]"),
            piece(0, ":1}"),
            WIRE.finish("stop"),
        )
        assert calls_in(await events_of(model)) == [("f", '{"n":1}'), ("g", "[]")]

    async def test_a_name_that_comes_late(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        item = {"type": "function_call", "id": "fc", "call_id": "a"}
        server.play(
            added(0, **item),
            event("response.function_call_arguments.delta", item_id="fc", delta="{}"),
            done(0, **item, name="now", arguments="{}"),
            WIRE.finish("stop"),
        )
        assert await events_of(model) == [
            ToolCallDelta(index=0, id="a", name="now", arguments="{}"),
            CallFinished(finish_reason="tool_calls", usage=USAGE),
        ]

    async def test_a_call_that_is_never_named_is_no_answer(
        self, server: ScriptedServer, model: OpenAIResponses
    ) -> None:
        server.play(added(0, type="function_call", id="fc", call_id="a"), WIRE.finish("stop"))
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    async def test_two_calls_with_one_id_are_told_apart(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        server.play(
            added(0, type="function_call", id="fc0", call_id="a", name="f"),
            added(1, type="function_call", id="fc1", call_id="a", name="g"),
            done(0, type="function_call", id="fc0", call_id="a", name="f", arguments='{"n":1}'),
            done(1, type="function_call", id="fc1", call_id="a", name="g", arguments='{"n":2}'),
            WIRE.finish("stop"),
        )
        events = await events_of(model)
        assert calls_in(events) == [("f", '{"n":1}'), ("g", '{"n":2}')]
        told = {one.id for one in events if isinstance(one, ToolCallDelta) and one.name}
        assert len(told) == 2

    async def test_a_piece_of_a_call_that_never_began(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        server.play(event("response.function_call_arguments.delta", item_id="fc", delta="{}"), WIRE.finish("stop"))
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    async def test_items_of_kinds_that_we_do_not_know(self, server: ScriptedServer, model: OpenAIResponses) -> None:
        server.play(
            added(0, type="web_search_call", id="ws"),
            event("response.web_search_call.completed", item_id="ws"),
            done(0, type="web_search_call", id="ws"),
            WIRE.text("Hi"),
            WIRE.finish("stop"),
        )
        assert (await events_of(model))[0] == TextDelta(text="Hi")
