"""A turn in which the model calls a tool of a real MCP server, and one at a server that repeats its key."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from django.apps import apps
from django.db.models import Model, Value
from django.db.models.functions import Concat
from mcp.server import MCPServer
from pytest_django import Settings

from accounts.models import User
from agents import secrets
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.models import StoredResult
from chat import approvals
from chat.models import Approval, Conversation, Message, Turn
from tests.agents.mcp.everything import everything
from tests.agents.mcp.servers import served
from tests.agents.mcp.worlds import connected, granted
from tests.chat.made import conversation_of, queued
from tests.chat.refunding import pending
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


@dataclass(frozen=True, kw_only=True)
class Till:
    """A server that notes what it sold."""

    server: McpServer
    sold: list[str]


@pytest_asyncio.fixture(loop_scope="module")
async def till() -> AsyncIterator[Till]:
    made, sold = MCPServer("till"), list[str]()

    @made.tool(description="Sells.")
    def sell(item: str) -> str:
        sold.append(item)
        return f"sold {item}"

    async with served(made) as one:
        row = await connected(one.url, slug="till", auth="header", api_key=secrets.seal(KEY))
        await granted(row, "sell", policy="ask")
        yield Till(server=row, sold=sold)
        await rows(row.delete)


async def asking(shop: Shop, user: User) -> Approval:
    """What a turn asks that is to sell tea."""
    conversation = await rows(conversation_of, user, agent="smart")
    turn = (await rows(queued, user, 'call till__sell {"item": "tea"}', conversation=conversation)).turn
    shop.worker.wake()
    return await pending(turn)


async def decided(shop: Shop, user: User, asked: Approval, *, approved: bool) -> dict[str, Any]:
    """The result of the call, once the turn has ended."""
    await rows(approvals.decide, user=user, turn_id=asked.turn_id, approval_id=asked.pk, approved=approved)
    assert await until_all([asked.turn_id], *Turn.ENDED) == ["completed"]
    turn = await rows(Turn.objects.get, pk=asked.turn_id)
    results, _ = await rows(said_in, turn)
    assert len(results) == 1
    return results[0]


async def test_a_tool_that_asks_shows_its_server_and_is_called_once_allowed(shop: Shop, user: User, till: Till) -> None:
    asked = await asking(shop, user)
    assert (asked.tool, asked.title) == ("till__sell", "Run sell at Server till")
    assert asked.request == f'sell at Server till\n{till.server.url}\n\n{{\n  "item": "tea"\n}}'
    assert till.sold == []
    result = await decided(shop, user, asked, approved=True)
    assert (result["ok"], json.loads(result["text"])["data"]) == (True, "sold tea")
    assert till.sold == ["tea"]


async def test_a_tool_that_asks_is_not_called_once_refused(shop: Shop, user: User, till: Till) -> None:
    result = await decided(shop, user, await asking(shop, user), approved=False)
    assert not result["ok"]
    assert "refused, so nothing was done" in result["text"]
    assert till.sold == []


@pytest.mark.parametrize(
    ("model", "changes", "told"),
    [
        (McpServer, {"url": Concat("url", Value("?toolsets=all"))}, "the server was changed after the user was asked"),
        (McpServer, {"name": "Another"}, "the server was changed after the user was asked"),
        (McpServer, {"enabled": False}, "an admin has changed this tool, or what this agent may do with it"),
        (McpGrant, {"policy": "off"}, "an admin has changed this tool, or what this agent may do with it"),
        (McpGrant, {"agent": "api-correlator"}, "an admin has changed this tool, or what this agent may do with it"),
        (McpTool, {"is_missing": True}, "an admin has changed this tool, or what this agent may do with it"),
        (McpTool, {"description": "Gives away."}, "an admin has changed this tool, or what this agent may do with it"),
    ],
)
async def test_what_was_allowed_is_not_called_if_it_was_changed_meanwhile(
    shop: Shop, user: User, till: Till, *, model: type[Model], changes: dict[str, Any], told: str
) -> None:
    asked = await asking(shop, user)
    await rows(model._default_manager.all().update, **changes)
    result = await decided(shop, user, asked, approved=True)
    assert not result["ok"]
    assert told in result["text"]
    assert "nothing was called" in result["text"]
    assert till.sold == []


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
