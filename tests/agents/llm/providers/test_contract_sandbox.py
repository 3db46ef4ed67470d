"""Both adapters against the sandbox, which checks requests as strictly as the real providers do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from agents.llm.assembly import Assembly
from agents.llm.errors import (
    ConfigInvalid,
    ContextOverflow,
    LLMError,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.events import CallFinished, ModelEvent
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolResult, user_text
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.providers.base import ChatModel
from agents.llm.providers.openai_chat import OpenAIChat
from agents.llm.repair import repair
from agents.llm.tools import ToolSet, run_tool, tool
from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.transport import SandboxTransport
from tests.agents.llm.providers.requests import ask


@tool
async def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


TOOLS = ToolSet([get_weather])


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Talks to the sandbox through one adapter."""

    model: ChatModel
    model_id: str

    async def events(self, *messages: Message, **more: Any) -> list[ModelEvent]:
        request = ask(model=self.model_id, messages=messages, **{"tools": TOOLS.specs, **more})
        return [event async for event in self.model.stream(request)]

    async def finish(self, text: str) -> CallFinished:
        last = (await self.events(user_text(text)))[-1]
        assert isinstance(last, CallFinished)
        return last


@pytest.fixture(scope="module", autouse=True)
def vocabulary() -> None:
    """Loaded before the first test: loading takes longer than the client waits."""
    load_encoding("o200k_base")


@pytest.fixture
async def sandbox() -> AsyncIterator[httpx2.AsyncClient]:
    app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)))
    async with httpx2.AsyncClient(transport=SandboxTransport(app), timeout=httpx2.Timeout(120, read=3)) as client:
        yield client


@pytest.fixture(params=["anthropic", "openai"])
def talk(request: pytest.FixtureRequest, sandbox: httpx2.AsyncClient) -> Conversation:
    if request.param == "anthropic":
        claude = AnthropicMessages(http_client=sandbox, base_url="http://sandbox", api_key="some-key")
        return Conversation(model=claude, model_id="sandbox-claude")
    gpt = OpenAIChat(http_client=sandbox, base_url="http://sandbox/v1", api_key="some-key")
    return Conversation(model=gpt, model_id="sandbox-gpt")


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
    # Chat Completions has no word of its own for a full window.
    full = "context_window" if talk.model_id == "sandbox-claude" else "length"
    assert (await talk.finish("fault context_window")).finish_reason == full
    assert (await talk.finish("fault no_usage")).usage is None


async def test_a_call_without_arguments_is_an_empty_object(talk: Conversation) -> None:
    (call,) = folded(await talk.events(user_text("fault empty_tool_input"))).tool_calls
    assert (call.name, call.arguments) == ("get_weather", "{}")


async def test_what_is_more_than_the_window_is_an_overflow(talk: Conversation) -> None:
    with pytest.raises(ContextOverflow):
        await talk.events(user_text("word " * 210_000))


async def test_a_model_that_does_not_exist(sandbox: httpx2.AsyncClient, talk: Conversation) -> None:
    unknown = Conversation(model=talk.model, model_id="no-such-model")
    with pytest.raises(ConfigInvalid) as caught:
        await unknown.events(user_text("Hi"))
    assert "no-such-model" in caught.value.message


async def test_two_calls_that_say_the_same_index(sandbox: httpx2.AsyncClient) -> None:
    gpt = OpenAIChat(http_client=sandbox, base_url="http://sandbox/v1", api_key="some-key")
    talk = Conversation(model=gpt, model_id="sandbox-gpt")
    calls = folded(await talk.events(user_text("fault tool_same_index"))).tool_calls
    assert len({call.id for call in calls}) == 2
    assert [(await run_tool(TOOLS, call)).ok for call in calls] == [True, True]


async def test_events_without_names_are_no_answer(sandbox: httpx2.AsyncClient) -> None:
    claude = AnthropicMessages(http_client=sandbox, base_url="http://sandbox", api_key="some-key")
    talk = Conversation(model=claude, model_id="sandbox-claude")
    with pytest.raises(ProviderBadStream):
        await talk.events(user_text("fault no_event_name"))
