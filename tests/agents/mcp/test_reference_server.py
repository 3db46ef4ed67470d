"""Against the reference server of the protocol's authors."""

from __future__ import annotations

import json
import time

import pytest

from agents.llm.tools import SummarisedResult
from agents.mcp_rows import McpServer, McpTool
from agents.threads import in_thread
from tests.agents.mcp.worlds import connected, granted, read, toolset, use

pytestmark = pytest.mark.django_db(transaction=True)


async def all_tools() -> dict[str, McpTool]:
    return {tool.name: tool for tool in await in_thread(list)(McpTool.objects.all())}


async def test_its_tools_are_read_and_read_again_without_a_change(reference: str) -> None:
    row = await connected(reference)
    tools = await all_tools()
    assert {"echo", "get-sum", "get-tiny-image", "trigger-long-running-operation"} <= set(tools)
    assert tools["get-sum"].parameters["required"] == ["a", "b"]
    assert tools["get-sum"].says_read_only
    assert not tools["toggle-simulated-logging"].says_read_only
    news = await read(row)
    assert (news.new, news.changed, news.missing) == ((), (), ())
    assert news.read == len(tools)
    assert (await in_thread(McpServer.objects.get)(pk=row.pk)).read_at is not None


async def test_only_granted_tools_are_given_under_names_that_every_wire_takes(reference: str) -> None:
    row = await connected(reference, slug="ref")
    await granted(row, "get-sum", policy="ask")
    await granted(row, "echo", policy="allow")
    await granted(row, "get-env", policy="off")
    tools = {tool.spec.name: tool for tool in await toolset()}
    assert {name: tool.side_effects for name, tool in tools.items()} == {"ref__echo": False, "ref__get-sum": True}
    assert len(await toolset("api-correlator")) == 0
    assert tools["ref__get-sum"].spec.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "number", "description": "First number"},
            "b": {"type": "number", "description": "Second number"},
        },
        "required": ["a", "b"],
    }


async def test_a_call_is_answered_with_data(reference: str) -> None:
    row = await connected(reference)
    for name in ("get-sum", "get-structured-content", "get-tiny-image", "get-resource-reference", "get-resource-links"):
        await granted(row, name)
    result = await use("ref__get-sum", a=2, b=3)
    assert result.ok
    assert json.loads(result.text) == {"server": "ref", "data": "The sum of 2 and 3 is 5."}

    structured = json.loads((await use("ref__get-structured-content", location="Chicago")).text)
    assert set(structured) == {"server", "data"}, "the text that repeats it is left out"
    assert set(structured["data"]) == {"temperature", "conditions", "humidity"}

    image = json.loads((await use("ref__get-tiny-image")).text)
    assert "image you requested" in image["data"]
    assert [said.partition(",")[0] for said in image["not_sent"]] == ["image image/png"]

    resource = json.loads((await use("ref__get-resource-reference", resourceType="Text", resourceId=1)).text)
    assert "demo://resource/dynamic/text/1" in resource["data"]
    links = json.loads((await use("ref__get-resource-links", count=2)).text)
    assert len(links["not_sent"]) == 2
    assert "link to demo://resource/" in links["not_sent"][0]


async def test_what_the_server_calls_an_error_is_a_failed_result(reference: str) -> None:
    row = await connected(reference)
    await granted(row, "get-sum")
    result = await use("ref__get-sum", a="two")
    assert not result.ok
    assert "Error: the tool says (data):" in result.text
    assert "expected number" in result.text


async def test_a_slow_tool_is_cut_and_so_is_one_that_is_stopped(reference: str) -> None:
    row = await connected(reference)
    await granted(row, "trigger-long-running-operation")
    began = time.monotonic()
    result = await use("ref__trigger-long-running-operation", duration=30, steps=2, timeout=1.0)
    assert not result.ok
    assert "no result within 1 seconds" in result.text
    assert time.monotonic() - began < 5


async def test_a_long_answer_is_shown_in_part_and_kept_whole(reference: str) -> None:
    row = await connected(reference)
    await granted(row, "echo")
    said = "word " * 10_000
    result = await use("ref__echo", message=said)
    assert isinstance(result, SummarisedResult)
    assert len(result.text) < 7_000
    assert said in json.loads(result.whole)["data"]
