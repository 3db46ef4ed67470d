"""Tool calls as gateways write them on the Chat Completions wire: which piece belongs to which call."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from agents.llm.errors import ProviderBadStream
from agents.llm.events import CallFinished, ModelEvent, ToolCallDelta
from agents.llm.providers.base import ChatModel
from tests.agents.llm.providers.requests import events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import USAGE, ChatCompletionsWire, chunk

WIRE = ChatCompletionsWire()


@pytest.fixture
def model(server: ScriptedServer, http_client: httpx2.AsyncClient) -> ChatModel:
    return WIRE.model(http_client=http_client, url=server.url)


def call_piece(**fields: Any) -> bytes:
    return chunk({"tool_calls": [fields]})


def calls_of(events: list[ModelEvent]) -> list[tuple[str, str]]:
    """Name and arguments of each call, after checking what every adapter promises about their pieces."""
    calls: list[list[str]] = []
    ids: set[str] = set()
    for event in events:
        if isinstance(event, ToolCallDelta):
            if event.index == len(calls):
                assert event.id
                assert event.name
                ids.add(event.id)
                calls.append([event.name, ""])
            else:
                assert (event.id, event.name) == ("", "")
            calls[event.index][1] += event.arguments
    assert len(ids) == len(calls), "ids must tell the calls apart"
    return [(name, arguments) for name, arguments in calls]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="one index, whole calls",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
                {"index": 0, "function": {"arguments": '{"x"'}},
                {"index": 0, "function": {"arguments": ":1}"}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": ""}},
                {"index": 0, "function": {"arguments": '{"y":2}'}},
            ],
            id="one index, in pieces",
        ),
        pytest.param(
            [
                {"id": "a", "function": {"name": "f", "arguments": '{"x":'}},
                {"id": "a", "function": {"arguments": "1}"}},
                {"id": "b", "function": {"name": "g"}},
                {"function": {"arguments": '{"y":2}'}},
            ],
            id="no index",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":'}},
                {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y":'}},
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "1}"}},
                {"index": 1, "id": "b", "function": {"name": "g", "arguments": "2}"}},
            ],
            id="id and name in every piece, interleaved",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"index": 1, "id": "a", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="one id",
        ),
        pytest.param(
            [
                {"index": 0, "id": "", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"index": 0, "id": "", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="no id, one index",
        ),
        pytest.param(
            [
                {"function": {"name": "f", "arguments": {"x": 1}}},
                {"function": {"name": "g", "arguments": {"y": 2}}},
            ],
            id="no id, no index, arguments as an object",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": None, "arguments": ""}},
                {"index": 0, "function": {"name": "f", "arguments": '{"x":1}'}},
                {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="the name comes later",
        ),
        pytest.param(
            [
                {"id": "a", "function": {"name": "f", "arguments": '{"x":'}},
                {"index": 0, "function": {"arguments": "1}"}},
                {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="the index comes later",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":'}},
                {"index": 0, "id": "other", "function": {"arguments": "1}"}},
                {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y":2}'}},
            ],
            id="a new id in every piece",
        ),
    ],
)
async def test_two_calls_are_told_apart(server: ScriptedServer, model: ChatModel, pieces: list[dict[str, Any]]) -> None:
    server.play(WIRE.start(), *(call_piece(**piece) for piece in pieces), WIRE.finish("tool_calls"), WIRE.end())
    events = await events_of(model)
    assert calls_of(events) == [("f", '{"x":1}'), ("g", '{"y":2}')]
    assert events[-1] == CallFinished(finish_reason="tool_calls", usage=USAGE)


async def test_the_same_call_twice_without_ids(server: ScriptedServer, model: ChatModel) -> None:
    piece = call_piece(index=0, function={"name": "f", "arguments": "{}"})
    server.play(WIRE.start(), piece, piece, WIRE.finish("tool_calls"), WIRE.end())
    assert calls_of(await events_of(model)) == [("f", "{}"), ("f", "{}")]


async def test_two_calls_without_ids_and_arguments(server: ScriptedServer, model: ChatModel) -> None:
    pieces = [call_piece(index=0, function={"name": name}) for name in "fg"]
    server.play(WIRE.start(), *pieces, WIRE.finish("tool_calls"), WIRE.end())
    assert calls_of(await events_of(model)) == [("f", ""), ("g", "")]


async def test_a_name_in_every_piece_without_ids(server: ScriptedServer, model: ChatModel) -> None:
    pieces = [call_piece(index=0, function={"name": "f", "arguments": part}) for part in ['{"x"', ":1", "}"]]
    server.play(WIRE.start(), *pieces, WIRE.finish("tool_calls"), WIRE.end())
    assert calls_of(await events_of(model)) == [("f", '{"x":1}')]


async def test_a_call_that_never_gets_a_name_is_no_answer(server: ScriptedServer, model: ChatModel) -> None:
    server.play(WIRE.start(), call_piece(index=0, id="a", function={"arguments": "{}"}), WIRE.finish("tool_calls"))
    with pytest.raises(ProviderBadStream):
        await events_of(model)
