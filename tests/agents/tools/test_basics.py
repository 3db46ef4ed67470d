from __future__ import annotations

import json

import pytest

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import ToolSet, run_tool
from agents.tools.basics import basics

NOW = 1_795_340_000.9


async def use(name: str, **arguments: object) -> ToolResult:
    call = ToolCall(id="c", name=name, arguments=json.dumps(arguments))
    return await run_tool(ToolSet(basics(lambda: NOW)), call)


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("UTC", "2026-11-22T09:33:20+00:00"),
        ("Europe/Berlin", "2026-11-22T10:33:20+01:00"),
        ("Asia/Kathmandu", "2026-11-22T15:18:20+05:45"),
    ],
)
async def test_the_time_in_a_zone(zone: str, time: str) -> None:
    result = await use("current_time", timezone=zone)
    assert json.loads(result.text) == {"timezone": zone, "time": time, "weekday": "Sunday"}


async def test_the_time_without_a_zone_is_utc() -> None:
    assert json.loads((await use("current_time")).text)["timezone"] == "UTC"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 65, "a\x00b"])
async def test_a_zone_that_does_not_exist(zone: str) -> None:
    result = await use("current_time", timezone=zone)
    assert not result.ok
    assert "zone" in result.text


async def test_a_calculation() -> None:
    assert (await use("calculate", expression="2 * (3 + 4)")).text == "14"


async def test_a_calculation_that_fails_says_why() -> None:
    result = await use("calculate", expression="1 / 0")
    assert (result.ok, result.text) == (False, "Error: division by zero")


async def test_an_expression_that_is_too_long() -> None:
    result = await use("calculate", expression="1+" * 300 + "1")
    assert not result.ok
    assert "500 characters" in result.text
