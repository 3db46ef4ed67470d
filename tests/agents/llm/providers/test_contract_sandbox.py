"""All adapters against the sandbox, which checks requests as strictly as the real providers do: in this process, and
over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from agents.llm.assembly import Assembly
from agents.llm.capabilities import Effort, Parameter
from agents.llm.errors import (
    ConfigInvalid,
    ContextOverflow,
    LLMError,
    ParameterRefused,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.events import CallFinished, ModelEvent
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolResult, user_text
from agents.llm.model_families import capabilities_of
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.providers.base import ChatModel
from agents.llm.providers.openai_chat import OpenAIChat
from agents.llm.providers.openai_responses import OpenAIResponses
from agents.llm.refused_parameters import without
from agents.llm.repair import repair
from agents.llm.tools import ToolSet, run_tool, tool
from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.transport import SandboxTransport
from tests.agents.llm.providers.requests import ask, events_of
from tests.agents.sandbox.stage import serving


@tool
async def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


TOOLS = ToolSet([get_weather])


WIRES: dict[str, tuple[str, Callable[..., ChatModel], str]] = {
    "anthropic_messages": ("", AnthropicMessages, "sandbox-claude"),
    "openai_chat": ("/v1", OpenAIChat, "sandbox-gpt"),
    "openai_responses": ("/v1", OpenAIResponses, "sandbox-gpt"),
}
"""Of each wire: where it begins, its adapter, and the model to talk to."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Talks to the sandbox through one adapter."""

    wire: str
    model: ChatModel
    model_id: str

    async def events(self, *messages: Message, **more: Any) -> list[ModelEvent]:
        able = capabilities_of(self.wire, self.model_id)
        request = ask(model=self.model_id, messages=messages, **{"tools": TOOLS.specs, "capabilities": able, **more})
        return await events_of(self.model, request)

    async def finish(self, text: str) -> CallFinished:
        last = (await self.events(user_text(text)))[-1]
        assert isinstance(last, CallFinished)
        return last

    def with_model(self, model_id: str) -> Conversation:
        return replace(self, model_id=model_id)


@pytest.fixture(scope="module", autouse=True)
def vocabulary() -> None:
    """Loaded before the first test: loading takes longer than the client waits."""
    load_encoding("o200k_base")


@pytest.fixture(params=["in process", "over HTTP"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """A client, and the address to reach the sandbox at."""
    app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0), closing_faults=True))
    timeout = httpx2.Timeout(120, read=3)
    if request.param == "in process":
        async with httpx2.AsyncClient(transport=SandboxTransport(app), timeout=timeout) as client:
            yield client, "http://sandbox"
        return
    async with serving(app) as address, httpx2.AsyncClient(timeout=timeout, trust_env=False) as client:
        yield client, address


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def talk(wire: str, sandbox: tuple[httpx2.AsyncClient, str]) -> Conversation:
    return talk_on(wire, sandbox)


def talk_on(wire: str, sandbox: tuple[httpx2.AsyncClient, str]) -> Conversation:
    (client, address), (path, adapter, model_id) = sandbox, WIRES[wire]
    model = adapter(http_client=client, base_url=address + path, api_key="some-key")
    return Conversation(wire=wire, model=model, model_id=model_id)


def folded(events: list[ModelEvent]) -> Message:
    assembly = Assembly()
    for event in events:
        assembly.add(event)
    return assembly.message()


async def test_a_text_answer(talk: Conversation) -> None:
    events = await talk.events(user_text("echo Grüß Gott 🙂"))
    assert folded(events).text == "Grüß Gott 🙂"
    finished = events[-1]
    assert isinstance(finished, CallFinished)
    assert finished.finish_reason == "stop"
    assert finished.usage is not None
    assert finished.usage.input_tokens > 0
    assert finished.usage.output_tokens > 0
    assert finished.request_id


@pytest.mark.parametrize(("text", "rounds", "calls"), [("loop 3", 3, 1), ("parallel 4", 1, 4)])
async def test_rounds_of_tool_calls_and_their_results_are_taken(
    talk: Conversation, text: str, rounds: int, calls: int
) -> None:
    history = [user_text(text)]
    for _ in range(rounds):
        events = await talk.events(*history)
        answer = folded(events)
        assert len(answer.tool_calls) == calls
        assert isinstance(events[-1], CallFinished)
        assert events[-1].finish_reason == "tool_calls"
        results = tuple([await run_tool(TOOLS, call) for call in answer.tool_calls])
        history += [answer, Message(role="tool", parts=results)]
    last = folded(await talk.events(*history))
    assert last.text
    assert not last.tool_calls


async def test_the_last_iteration_forbids_tools_and_keeps_them(talk: Conversation) -> None:
    events = await talk.events(user_text("loop 3"), tool_choice="none")
    assert not folded(events).tool_calls
    assert folded(events).text


async def test_odd_histories_are_sent_so_that_a_provider_takes_them(talk: Conversation) -> None:
    history = (
        user_text("One"),
        user_text(" "),
        Message(role="assistant", parts=(ReasoningPart(text="Hm", signature="s"), TextPart(text=" "))),
        user_text("Two"),
        Message(
            role="assistant",
            parts=(
                ToolCall(id="a", name="get_weather", arguments="{oops"),
                ToolCall(id="b", name="get_weather", arguments=""),
                ToolCall(id="c", name="get_weather", arguments="[1]"),
            ),
        ),
        Message(role="tool", parts=(ToolResult(call_id="b", name="get_weather", text=""),)),
        user_text("Three"),
        Message(role="assistant", parts=(TextPart(text="Well."),)),
        Message(role="assistant", parts=(TextPart(text="Then."),)),
        user_text("echo done"),
    )
    assert folded(await talk.events(*repair(history).messages)).text == "done"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error_529", ProviderOverloaded),
        ("error_500", ProviderOverloaded),
        ("error_503", ProviderOverloaded),
        ("rate_limit", ProviderRateLimited),
        ("retry_after_7200", ProviderRateLimited),
        ("spend_limit", ProviderSpendLimit),
        ("auth_401", ProviderAuth),
        ("html_200", ProviderBadStream),
        ("html_502", ProviderOverloaded),
        ("error_first", ProviderOverloaded),
        ("error_event", ProviderOverloaded),
        ("bad_json", ProviderBadStream),
        ("eof", ProviderBadStream),
        ("cut", ProviderBadStream),
        ("reset", ProviderBadStream),
        ("stall", ProviderTimeout),
        ("eof_tool", ProviderBadStream),
    ],
)
async def test_each_failure_has_its_error(talk: Conversation, fault: str, expected: type[LLMError]) -> None:
    with pytest.raises(LLMError) as caught:
        await talk.events(user_text(f"fault {fault}"))
    assert type(caught.value) is expected
    assert "kept" in caught.value.message


async def test_a_wait_that_is_asked_for_is_told_however_long(talk: Conversation) -> None:
    with pytest.raises(ProviderRateLimited) as caught:
        await talk.events(user_text("fault retry_after_7200"))
    assert caught.value.retry_after == 7200


async def test_unusual_endings(talk: Conversation) -> None:
    assert (await talk.finish("fault max_tokens")).finish_reason == "length"
    assert (await talk.finish("fault refusal")).finish_reason == "refusal"
    # OpenAI's wires have no word of its own for a full window.
    full = "context_window" if talk.wire == "anthropic_messages" else "length"
    assert (await talk.finish("fault context_window")).finish_reason == full
    assert (await talk.finish("fault no_usage")).usage is None


async def test_a_call_without_arguments_is_an_empty_object(talk: Conversation) -> None:
    (call,) = folded(await talk.events(user_text("fault empty_tool_input"))).tool_calls
    assert (call.name, call.arguments) == ("get_weather", "{}")


async def test_what_is_more_than_the_window_is_an_overflow(talk: Conversation) -> None:
    with pytest.raises(ContextOverflow):
        await talk.events(user_text("word " * 210_000))


async def test_a_model_that_does_not_exist(talk: Conversation) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        await talk.with_model("no-such-model").events(user_text("Hi"))
    assert "no-such-model" in caught.value.message


async def test_a_long_answer_arrives_whole(talk: Conversation) -> None:
    events = await talk.events(user_text("long 3000"), max_output_tokens=8_000)
    finished = events[-1]
    assert isinstance(finished, CallFinished)
    assert finished.usage is not None
    assert 2_500 <= finished.usage.output_tokens < 4_000
    assert len(folded(events).text) > 9_000


async def test_an_answer_over_the_cap_says_so(talk: Conversation) -> None:
    events = await talk.events(user_text("long 3000"), max_output_tokens=100)
    assert isinstance(events[-1], CallFinished)
    assert events[-1].finish_reason == "length"
    assert folded(events).text


async def test_a_cut_call_is_no_call(talk: Conversation) -> None:
    """The cap ends the reply in the middle of a tool call's arguments, or before there is one."""
    events = await talk.events(user_text("parallel 8"), max_output_tokens=40)
    assert isinstance(events[-1], CallFinished)
    assert events[-1].finish_reason == "length"


@pytest.mark.parametrize(
    ("wire", "fault", "expected"),
    [
        ("openai_responses", "error_event_nested", ProviderOverloaded),
        ("openai_responses", "response_failed", ProviderOverloaded),
        ("anthropic_messages", "no_event_name", ProviderBadStream),
    ],
)
async def test_what_goes_wrong_on_one_wire_only(talk: Conversation, fault: str, expected: type[LLMError]) -> None:
    with pytest.raises(LLMError) as caught:
        await talk.events(user_text(f"fault {fault}"))
    assert type(caught.value) is expected


@pytest.mark.parametrize("wire", ["openai_chat"])
async def test_two_calls_that_say_the_same_index(talk: Conversation) -> None:
    calls = folded(await talk.events(user_text("fault tool_same_index"))).tool_calls
    assert len({call.id for call in calls}) == 2
    assert [(await run_tool(TOOLS, call)).ok for call in calls] == [True, True]


MODELS = [
    ("anthropic_messages", "claude-haiku-4-5"),
    ("anthropic_messages", "claude-sonnet-4-5"),
    ("anthropic_messages", "claude-sonnet-4-6"),
    ("anthropic_messages", "claude-opus-4-7"),
    ("anthropic_messages", "claude-opus-5"),
    ("anthropic_messages", "claude-opus-5-5"),
    ("anthropic_messages", "claude-sonnet-5-5"),
    ("anthropic_messages", "claude-haiku-5-5"),
    ("anthropic_messages", "claude-fable-5-1"),
    ("openai_chat", "gpt-4o"),
    ("openai_chat", "gpt-4.1"),
    ("openai_chat", "gpt-5-mini"),
    ("openai_chat", "gpt-5.2"),
    ("openai_chat", "gpt-5.4"),
    ("openai_chat", "gpt-5.6-luna"),
    ("openai_chat", "o3"),
    ("openai_responses", "gpt-4.1"),
    ("openai_responses", "gpt-5-mini"),
    ("openai_responses", "gpt-5.4"),
    ("openai_responses", "gpt-5.6-sol"),
    ("openai_responses", "gpt-6.2-sol"),
    ("openai_responses", "o3"),
]
"""One of each family that is unlike the others."""

IN_PROCESS = pytest.mark.parametrize("sandbox", ["in process"], indirect=True)
"""For what is about bodies alone."""


@IN_PROCESS
@pytest.mark.parametrize(("wire", "model_id"), MODELS)
@pytest.mark.parametrize("effort", [None, "none", "low", "max"])
async def test_every_model_takes_what_its_capabilities_let_through(
    talk: Conversation, model_id: str, effort: Effort | None
) -> None:
    """A temperature, an effort, tools, and a round of them: each is refused where the real model refuses it."""
    talk = talk.with_model(model_id)
    history = [user_text("loop 1")]
    for _ in range(2):
        answer = folded(await talk.events(*history, temperature=0.7, effort=effort, max_output_tokens=1_000))
        results = tuple([await run_tool(TOOLS, call) for call in answer.tool_calls])
        history += [answer, Message(role="tool", parts=results)] if results else [answer, user_text("echo Done")]
    last = folded(await talk.events(*history, tool_choice="none", temperature=0.7, effort=effort))
    assert last.text
    assert not last.tool_calls


@pytest.mark.parametrize("wire", ["openai_chat"])
async def test_a_model_that_takes_tools_on_responses_only_is_refused_before_it_is_called(talk: Conversation) -> None:
    with pytest.raises(ConfigInvalid, match="Responses API"):
        await talk.with_model("gpt-6.2-sol").events(user_text("Hi"))
    assert folded(await talk.with_model("gpt-6.2-sol").events(user_text("echo Hi"), tools=())).text == "Hi"


@pytest.mark.parametrize(
    ("wire", "model_id"),
    [
        ("anthropic_messages", "claude-opus-5-5"),
        ("anthropic_messages", "claude-haiku-5-5"),
        ("openai_responses", "gpt-6.2-sol"),
        ("openai_responses", "gpt-5-mini"),
    ],
)
async def test_what_a_model_thought_is_sent_back_to_it(talk: Conversation, model_id: str) -> None:
    talk = talk.with_model(model_id)
    first = await talk.events(user_text("think 200 loop 1"), max_output_tokens=2_000)
    answer = folded(first)
    thoughts = [part for part in answer.parts if isinstance(part, ReasoningPart)]
    assert thoughts
    assert all(part.text and part.signature and part.origin == model_id for part in thoughts)
    assert isinstance(first[-1], CallFinished)
    assert first[-1].usage is not None
    assert first[-1].usage.reasoning_tokens > 0
    results = tuple([await run_tool(TOOLS, call) for call in answer.tool_calls])
    history = (user_text("think 200 loop 1"), answer, Message(role="tool", parts=results))
    assert folded(await talk.events(*history, max_output_tokens=2_000)).text


@pytest.mark.parametrize(("wire", "model_id"), [("openai_responses", "gpt-6.2-sol"), ("openai_responses", "o3")])
async def test_thinking_that_eats_the_cap_ends_in_nothing_but_thoughts(talk: Conversation, model_id: str) -> None:
    """What `agents.reply` recognises."""
    events = await talk.with_model(model_id).events(user_text("think 500"), tools=(), max_output_tokens=100)
    last = events[-1]
    assert isinstance(last, CallFinished)
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.reasoning_tokens > 0
    assert not folded(events).text


@pytest.mark.parametrize(
    ("wire", "writes"), [("anthropic_messages", True), ("openai_chat", False), ("openai_responses", False)]
)
async def test_the_second_call_reads_the_prefix_of_the_first_from_the_providers_cache(
    talk: Conversation, writes: bool
) -> None:
    """On Anthropic's wire that is what the marks are for; only there is it told what was newly kept."""
    question = user_text("Remember this. " + "A long story begins. " * 600 + "\necho One")
    first = await talk.events(question)
    second = await talk.events(question, folded(first), user_text("echo Two"))
    before, after = (events[-1].usage for events in (first, second) if isinstance(events[-1], CallFinished))
    assert before is not None
    assert after is not None
    assert (before.cache_read_tokens, before.cache_write_tokens > 0) == (0, writes)
    assert after.cache_read_tokens > 0.9 * before.input_tokens
    assert after.input_tokens > after.cache_read_tokens, "the whole input, cached or not"


REFUSALS: list[tuple[str, str, dict[str, Any], dict[str, Any], Parameter]] = [
    ("anthropic_messages", "claude-opus-4-7", {"temperature": 0.5}, {}, "temperature"),
    ("anthropic_messages", "claude-opus-5-5", {"temperature": 0.5}, {}, "temperature"),
    ("anthropic_messages", "claude-haiku-4-5", {"effort": "low"}, {"thinking": "opt_in"}, "effort"),
    ("anthropic_messages", "claude-opus-5-5", {"effort": "none"}, {"thinking": "default_on"}, "thinking"),
    ("openai_chat", "gpt-5-mini", {"temperature": 0.5}, {}, "temperature"),
    ("openai_chat", "gpt-5-mini", {}, {"token_parameter": "max_tokens"}, "max_tokens"),
    ("openai_chat", "gpt-4o", {"effort": "low"}, {}, "effort"),
    ("openai_chat", "gpt-5.6-luna", {}, {"tools_api": "chat"}, "effort_with_tools"),
    ("openai_chat", "gpt-5-mini", {"effort": "xhigh"}, {}, "effort"),
    ("openai_responses", "gpt-5-mini", {"temperature": 0.5}, {}, "temperature"),
    ("openai_responses", "gpt-4.1", {"effort": "low"}, {"thinking": "opt_in"}, "effort"),
    ("openai_responses", "gpt-6.2-sol", {"effort": "none"}, {"thinking": "default_on"}, "effort"),
]
"""What is asked of which model, what we wrongly believe of it, and what it then refuses."""


@IN_PROCESS
@pytest.mark.parametrize(("wire", "model_id", "asked", "believed", "parameter"), REFUSALS)
async def test_what_a_model_refuses_although_we_thought_it_takes_it_is_left_out_the_second_time(
    talk: Conversation, model_id: str, asked: dict[str, Any], believed: dict[str, Any], parameter: Parameter
) -> None:
    wrong: dict[str, Any] = {
        "temperature": "range",
        "temperature_max": 1.0,
        "thinking": "none",
        "efforts": ("none", "low", "xhigh"),
    }
    able = replace(capabilities_of(talk.wire, model_id), **(wrong | believed))
    request = ask(model=model_id, messages=(user_text("echo Yes"),), tools=TOOLS.specs, capabilities=able, **asked)
    with pytest.raises(ParameterRefused) as caught:
        await events_of(talk.model, request)
    assert caught.value.parameter == parameter
    lighter = without(request, parameter)
    assert lighter is not None
    assert folded(await events_of(talk.model, lighter)).text == "Yes"
