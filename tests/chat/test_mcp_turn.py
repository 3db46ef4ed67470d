"""A turn in which the model calls a tool of a real MCP server, and one at a server that repeats its key."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio
from django.apps import apps
from mcp.server import MCPServer
from pytest_django import Settings

from accounts.models import User
from agents import secrets
from agents.mcp_rows import McpServer
from agents.models import StoredResult
from chat.models import Conversation, Message, Turn
from tests.agents.mcp.everything import everything
from tests.agents.mcp.servers import served
from tests.agents.mcp.worlds import connected, granted
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("no_servers")]

KEY = "canary-mcp-key-0123456789"


@pytest.fixture(autouse=True)
def _private_places_are_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    with everything() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def no_servers(sandbox: HeldSandbox) -> AsyncIterator[None]:
    """Rows of this file stay until its end."""
    yield
    await rows(McpServer.objects.all().delete)


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


async def ask(shop: Shop, user: User, text: str, *, conversation: Conversation) -> Turn:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
    return turn


def said_in(turn: Turn) -> tuple[list[dict[str, Any]], str]:
    """The tool results of the turn, and its last answer."""
    results = [
        part for row in Message.objects.filter(turn=turn, role="tool").order_by("position") for part in row.parts
    ]
    last = Message.objects.filter(turn=turn, role="assistant").order_by("position").last()
    assert last is not None
    return results, "".join(part["text"] for part in last.parts if part["kind"] == "text")


@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
async def test_the_model_calls_a_tool_and_answers_from_its_result(
    shop: Shop, user: User, reference: str, model: str
) -> None:
    server = await connected(reference)
    await granted(server, "get-sum")
    await granted(server, "echo")
    conversation = await rows(conversation_of, user, agent="smart", model=model)

    turn = await ask(shop, user, 'call ref__get-sum {"a": 17, "b": 25}', conversation=conversation)
    results, answer = await rows(said_in, turn)
    assert [(part["name"], part["ok"]) for part in results] == [("ref__get-sum", True)]
    assert json.loads(results[0]["text"])["data"] == "The sum of 17 and 25 is 42."
    assert "`ref__get-sum` ok" in answer

    long = await ask(shop, user, f'call ref__echo {{"message": "{"word " * 4_000}"}}', conversation=conversation)
    results, _ = await rows(said_in, long)
    assert len(results[0]["text"]) < 7_000
    assert results[0]["handle"] in results[0]["text"]
    stored = await rows(StoredResult.objects.get, scope=str(conversation.pk), handle=results[0]["handle"])
    assert "word " * 4_000 in stored.text

    all_of_them = await ask(shop, user, "loop 2 parallel 5", conversation=conversation)
    results, _ = await rows(said_in, all_of_them)
    assert {"ref__get-sum", "ref__echo"} <= {part["name"] for part in results if part["ok"]}


async def test_a_server_that_is_down_neither_holds_up_nor_breaks_a_turn(shop: Shop, user: User, reference: str) -> None:
    server = await connected(reference)
    await granted(server, "get-sum")
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    await rows(McpServer.objects.filter(pk=server.pk).update, url=f"http://127.0.0.1:{port}/mcp")
    conversation = await rows(conversation_of, user, agent="smart")
    turn = await ask(shop, user, "call ref__get-sum", conversation=conversation)
    results, answer = await rows(said_in, turn)
    assert not results[0]["ok"]
    assert results[0]["text"] == "Error: Server ref could not be reached (ConnectError)"
    assert "`ref__get-sum` failed" in answer


async def test_a_key_that_the_server_repeats_is_in_no_row_and_no_log(
    shop: Shop, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("agents", "chat", "httpx2"):
        caplog.set_level(logging.DEBUG, logger=name)
    parrot = MCPServer("parrot", instructions=KEY)

    @parrot.tool(description="Repeats.")
    def repeat(times: int) -> str:
        return f"{KEY} " * times

    async with served(parrot) as one:
        server = await connected(one.url, slug="parrot", auth="header", api_key=secrets.seal(KEY))
        await granted(server, "repeat")
        conversation = await rows(conversation_of, user, agent="smart")
        good = await ask(shop, user, 'call parrot__repeat {"times": 1000}', conversation=conversation)
        one.refuses = lambda method, headers, message: (400, {"x-echo": KEY, "location": KEY})
        bad = await ask(shop, user, "call parrot__repeat", conversation=conversation)
    assert [part["ok"] for turn in (good, bad) for part in (await rows(said_in, turn))[0]] == [True, False]
    assert KEY not in caplog.text
    assert KEY not in str([vars(record) for record in caplog.records])
    assert await rows(_rows_that_say, KEY) == []


def _rows_that_say(secret: str) -> list[str]:
    return [model._meta.label for model in apps.get_models() if secret in str(list(model._default_manager.values()))]
