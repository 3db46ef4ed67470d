"""What is particular to the Chat Completions wire, and to the gateways on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from agents.llm.capabilities import Capabilities, Effort, Parameter, Sampling, TokenParameter
from agents.llm.errors import ConfigInvalid, ParameterRefused, ProviderBadStream, ProviderOverloaded, ProviderRefused
from agents.llm.events import CallFinished, ReasoningDelta, TextDelta
from agents.llm.messages import Usage
from agents.llm.providers.openai_chat import OpenAIChat
from tests.agents.llm.providers.requests import TAKES_A_TEMPERATURE, WEATHER, ask, events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import KEY, USAGE, ChatCompletionsWire, chunk, data

WIRE = ChatCompletionsWire()


@pytest.fixture
def build(server: ScriptedServer, http_client: httpx2.AsyncClient) -> Callable[..., OpenAIChat]:
    def make(**more: Any) -> OpenAIChat:
        return OpenAIChat(http_client=http_client, base_url=f"{server.url}/v1", api_key=KEY, **more)

    return make


@pytest.fixture
def model(build: Callable[..., OpenAIChat]) -> OpenAIChat:
    return build()


def play_hi(server: ScriptedServer) -> None:
    server.play(WIRE.start(), WIRE.text("Hi"), WIRE.finish("stop"), WIRE.end())


class TestRequest:
    async def test_the_request_on_the_wire(self, server: ScriptedServer, model: OpenAIChat) -> None:
        play_hi(server)
        await events_of(model, ask(temperature=2.5, tools=(WEATHER,), tool_choice="none"))
        assert server.received[0].path == "/v1/chat/completions"
        assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
        function = {"name": WEATHER.name, "description": WEATHER.description, "parameters": WEATHER.parameters}
        assert server.body == {
            "model": "some-model",
            "max_tokens": 256,
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
            "tools": [{"type": "function", "function": function}],
            "tool_choice": "none",
            "temperature": 2.0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    async def test_what_is_not_asked_for_is_not_sent(self, server: ScriptedServer, model: OpenAIChat) -> None:
        play_hi(server)
        await events_of(model, ask(instructions="", tool_choice="none"))
        assert set(server.body) == {"model", "max_tokens", "messages", "stream", "stream_options"}

    async def test_headers_of_a_gateway_are_sent_and_the_environments_are_not(
        self, server: ScriptedServer, build: Callable[..., OpenAIChat], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-secret")
        play_hi(server)
        await events_of(build(headers={"x-team": "blue"}))
        assert server.received[0].headers["x-team"] == "blue"
        assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
        assert not {"openai-organization", "openai-project"} & set(server.received[0].headers)

    async def test_without_a_key_none_is_taken_from_the_environment(
        self, server: ScriptedServer, http_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-env-secret")
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-secret")
        play_hi(server)
        await events_of(OpenAIChat(http_client=http_client, base_url=f"{server.url}/v1", api_key=""))
        assert server.received[0].headers["authorization"] == "Bearer none"

    @pytest.mark.parametrize(
        ("able", "effort", "tools", "sent"),
        [
            ({}, None, False, None),
            ({}, "high", False, None),
            ({"efforts": ("low", "high")}, "high", False, "high"),
            ({"efforts": ("low", "high")}, "max", False, None),
            ({"tools_api": "chat_if_effort_none", "efforts": ("low",)}, "low", False, "low"),
            ({"tools_api": "chat_if_effort_none", "efforts": ("low",)}, "low", True, "none"),
            ({"tools_api": "chat_if_effort_none"}, None, True, "none"),
        ],
    )
    async def test_an_effort_is_sent_as_far_as_the_model_takes_one(
        self,
        server: ScriptedServer,
        model: OpenAIChat,
        able: dict[str, Any],
        effort: Effort | None,
        tools: bool,
        sent: str | None,
    ) -> None:
        play_hi(server)
        capabilities = replace(TAKES_A_TEMPERATURE, **able)
        await events_of(model, ask(capabilities=capabilities, effort=effort, tools=(WEATHER,) if tools else ()))
        assert server.body.get("reasoning_effort") == sent

    @pytest.mark.parametrize("temperature", ["none", "default_only"])
    async def test_a_temperature_that_the_model_does_not_take_is_not_sent(
        self, server: ScriptedServer, model: OpenAIChat, temperature: Sampling
    ) -> None:
        play_hi(server)
        await events_of(model, ask(capabilities=Capabilities(temperature=temperature), temperature=1.0))
        assert "temperature" not in server.body

    async def test_a_temperature_above_the_models_maximum_is_the_maximum(
        self, server: ScriptedServer, model: OpenAIChat
    ) -> None:
        play_hi(server)
        able = Capabilities(temperature="range", temperature_max=0.7)
        await events_of(model, ask(capabilities=able, temperature=1.0))
        assert server.body["temperature"] == 0.7

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    async def test_the_cap_has_the_name_that_the_model_knows(
        self, server: ScriptedServer, model: OpenAIChat, name: TokenParameter
    ) -> None:
        play_hi(server)
        await events_of(model, ask(capabilities=replace(TAKES_A_TEMPERATURE, token_parameter=name)))
        assert {key: value for key, value in server.body.items() if key.startswith("max_")} == {name: 256}

    @pytest.mark.parametrize("parameter", ["stream_options", "tool_choice"])
    async def test_what_was_refused_before_is_not_sent(
        self, server: ScriptedServer, model: OpenAIChat, parameter: Parameter
    ) -> None:
        for refused in ([], [parameter]):
            play_hi(server)
            able = replace(TAKES_A_TEMPERATURE, refused=frozenset(refused))
            await events_of(model, ask(capabilities=able, tools=(WEATHER,), tool_choice="none"))
        assert [parameter in received.body for received in server.received] == [True, False]

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (400, {"error": {"message": "Unknown parameter: 'stream_options'.", "type": "invalid_request_error"}}),
            (422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}),
        ],
    )
    async def test_a_gateway_that_refuses_to_count_says_which_parameter_it_refuses(
        self, server: ScriptedServer, model: OpenAIChat, status: int, body: dict[str, Any]
    ) -> None:
        server.play_json(body, status=status)
        with pytest.raises(ParameterRefused) as caught:
            await events_of(model)
        assert caught.value.parameter == "stream_options"
        assert len(server.received) == 1, "another try is a call of its own, for the governor and in the ledger"

    async def test_a_model_that_takes_tools_on_another_wire_only_is_not_called_with_any(
        self, server: ScriptedServer, model: OpenAIChat
    ) -> None:
        able = replace(TAKES_A_TEMPERATURE, tools_api="responses")
        with pytest.raises(ConfigInvalid, match=r"only over the Responses API.*Your message is kept.*wire to OpenAI"):
            await events_of(model, ask(capabilities=able, tools=(WEATHER,)))
        assert server.received == []
        play_hi(server)
        assert (await events_of(model, ask(capabilities=able)))[0] == TextDelta(text="Hi"), "without tools it is"

    async def test_another_refusal_is_not_tried_again(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play_json({"error": {"message": "no", "type": "invalid_request_error"}}, status=400)
        with pytest.raises(ConfigInvalid):
            await events_of(model)
        assert len(server.received) == 1


class TestGateways:
    @pytest.mark.parametrize("delta", [{"content": None}, {"content": ""}, {}, None])
    async def test_deltas_without_content_say_nothing(
        self, server: ScriptedServer, model: OpenAIChat, delta: dict[str, Any] | None
    ) -> None:
        server.play(chunk(delta), WIRE.text("Hi"), chunk(delta), WIRE.finish("stop"), WIRE.end())
        assert await events_of(model) == [TextDelta(text="Hi"), CallFinished(finish_reason="stop", usage=USAGE)]

    async def test_content_as_a_list_of_parts(self, server: ScriptedServer, model: OpenAIChat) -> None:
        parts = [{"type": "text", "text": "H"}, {"type": "reference", "ids": [1]}, {"type": "text", "text": "i"}]
        server.play(chunk({"content": parts}), WIRE.finish("stop"), WIRE.end())
        assert (await events_of(model))[0] == TextDelta(text="Hi")

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    async def test_reasoning_under_either_name(self, server: ScriptedServer, model: OpenAIChat, field: str) -> None:
        server.play(chunk({field: "Hm.", "content": None}), WIRE.text("Hi"), WIRE.finish("stop"), WIRE.end())
        assert (await events_of(model))[:2] == [ReasoningDelta(text="Hm."), TextDelta(text="Hi")]

    async def test_usage_on_every_chunk(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play(
            chunk({"content": "H"}, usage={"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}),
            chunk({"content": "i"}, usage={"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}),
            chunk({}, finish_reason="stop", usage={"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}),
            WIRE.end(),
        )
        usage = Usage(input_tokens=5, output_tokens=3)
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=usage)

    async def test_usage_after_usage_on_the_finish_chunk(self, server: ScriptedServer, model: OpenAIChat) -> None:
        early = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        final = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
        server.play(
            chunk({"content": "Hi"}),
            chunk({}, finish_reason="stop", usage=early),
            data({"choices": [], "usage": final}),
            WIRE.end(),
        )
        usage = Usage(input_tokens=5, output_tokens=9)
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=usage)

    async def test_a_usage_of_zeros_is_none(self, server: ScriptedServer, model: OpenAIChat) -> None:
        zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        server.play(WIRE.text("Hi"), chunk({}, finish_reason="stop", usage=zeros), WIRE.end())
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=None)

    async def test_no_end_marker(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play(WIRE.text("Hi"), WIRE.finish("stop"))
        assert (await events_of(model))[-1] == CallFinished(finish_reason="stop", usage=USAGE)

    async def test_an_end_marker_without_a_finish_reason(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play(WIRE.text("Hi"), WIRE.end())
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    async def test_choices_missing_or_null(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play(data({"id": "x"}), data({"choices": None}), WIRE.text("Hi"), WIRE.finish("stop"), WIRE.end())
        assert (await events_of(model))[0] == TextDelta(text="Hi")

    async def test_a_refusal_in_words(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play(chunk({"refusal": "I cannot "}), chunk({"refusal": "do that."}), WIRE.finish("stop"), WIRE.end())
        assert await events_of(model) == [
            TextDelta(text="I cannot "),
            TextDelta(text="do that."),
            CallFinished(finish_reason="refusal", usage=USAGE),
        ]

    async def test_a_keep_alive_event_without_data_is_unreadable(
        self, server: ScriptedServer, model: OpenAIChat
    ) -> None:
        server.play(WIRE.text("Hi"), b"event: ping\n\n", WIRE.finish("stop"))
        with pytest.raises(ProviderBadStream):
            await events_of(model)

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"object": "error", "message": "busy", "type": "ServerError", "code": 503}, 200),
            ({"error": {"message": "busy", "code": 502}}, 200),
            ({"error": "busy"}, 500),
            ({"detail": "busy"}, 500),
        ],
    )
    async def test_error_bodies_of_other_servers(
        self, server: ScriptedServer, model: OpenAIChat, body: dict[str, Any], status: int
    ) -> None:
        server.play_json(body, status=status)
        with pytest.raises(ProviderOverloaded) as caught:
            await events_of(model)
        assert "busy" in caught.value.detail

    async def test_a_content_filter_on_the_way_in(self, server: ScriptedServer, model: OpenAIChat) -> None:
        server.play_json({"error": {"message": "filtered", "code": "content_filter"}}, status=400)
        with pytest.raises(ProviderRefused):
            await events_of(model)
