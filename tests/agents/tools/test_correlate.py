"""What the model is told when it correlates: results that are kept in memory, read whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tool_output import OUTPUT_LIMIT
from agents.llm.tools import SummarisedResult, ToolSet, run_tool
from agents.tools import correlate as tool
from agents.tools.correlate import bound, correlate
from tests.agents.tools.test_recall import Memory

ORDERS = [{"id": n, "amount": 100 + n, "state": "paid"} for n in range(1_000)]
PAYMENTS = [{"order": str(n), "amount": 100 + n + (5 if n == 7 else 0), "state": "paid"} for n in range(990)]
MEMORY = Memory(
    results={
        "17-1": json.dumps({"data": ORDERS[:600], "next": "/orders?page=2"}),
        "17-2": json.dumps({"data": ORDERS[600:], "next": None}),
        "18-1": json.dumps(PAYMENTS),
        "18-2": "no list",
        "18-3": json.dumps(PAYMENTS)[:-9]
        + "\n[Cut here: the result has 2000001 bytes, only the first 2000000 are shown.]",
    }
)


async def use(**arguments: Any) -> ToolResult:
    tools = bound(ToolSet([correlate]), reader=MEMORY)
    return await run_tool(tools, ToolCall(id="c", name="correlate", arguments=json.dumps(arguments)))


async def test_all_pages_of_both_sides_are_compared_whole() -> None:
    result = await use(left=["17-1", " 17-2 "], right=["18-1"], keys=["id=order"])
    assert isinstance(result, SummarisedResult)
    told, whole = json.loads(result.text), json.loads(result.whole)
    assert told["entities"] == 1_000
    assert told["match_rate_percent"] == 98.9
    assert told["mismatches"]["value"] == 1
    assert told["mismatches"]["missing_on_right"] == 10
    assert whole["value"] == [{"key": "7", "amount": {"left": 107, "right": 112}}]
    assert [one["key"] for one in whole["missing_on_right"]] == [str(n) for n in range(990, 1_000)]


@pytest.mark.parametrize("names", [("paste1", "paste2"), ("Paste 1", "paste#2"), ("paste", "paste2")])
async def test_data_that_the_user_pasted_is_compared_by_its_place(names: tuple[str, str]) -> None:
    pasted = f"Which differ? {json.dumps(ORDERS[:3])} and\nid,amount\n0,100\n1,101\n2,999"
    tools = bound(ToolSet([correlate]), reader=Memory(messages=[pasted]))
    arguments = {"left": names[:1], "right": names[1:], "keys": ["id"], "fields": ["amount"]}
    result = await run_tool(tools, ToolCall(id="c", name="correlate", arguments=json.dumps(arguments)))
    assert isinstance(result, SummarisedResult), result.text
    assert [one["key"] for one in json.loads(result.whole)["value"]] == ["2"]


async def test_data_that_is_not_there_is_told() -> None:
    result = await use(left=["paste3"], right=["18-1"], keys=["id=order"])
    assert not result.ok
    assert "there is no paste3" in result.text


async def test_a_handle_that_is_named_twice_is_one_page() -> None:
    result = await use(left=["17-1", "17-1"], right=["18-1"], keys=["id=order"])
    assert json.loads(result.text)["mismatches"]["duplicate"] == 0


async def test_tolerances_reach_the_comparison() -> None:
    arguments = {"left": ["17-1"], "right": ["18-1"], "keys": ["id=order"], "fields": ["amount"]}
    assert json.loads((await use(**arguments)).text)["mismatches"]["value"] == 1
    assert json.loads((await use(**arguments, number_tolerance=5)).text)["mismatches"]["value"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"left": ["99-9"]}, "no result with the handle '99-9'"),
        ({"left": []}, "left"),
        ({"right": ["18-2"]}, "result 18-2 is no JSON"),
        ({"right": ["18-3"]}, "get it in smaller pages"),
        ({"left_rows": "items"}, "result 17-1 has no 'items' at its top; its fields: data, next"),
        ({"keys": ["nr"]}, "no row of the left side has the field 'nr'; there are: id, amount, state"),
        ({"keys": ["id"]}, "no row of the right side has the field 'id'; there are: order, amount, state"),
        ({"number_tolerance": -1}, "number_tolerance"),
        ({"tolerance": 1}, "tolerance"),
    ],
)
async def test_what_cannot_be_correlated_is_an_error_that_says_why(arguments: dict[str, Any], told: str) -> None:
    result = await use(**({"left": ["17-1"], "right": ["18-1"], "keys": ["id=order"]} | arguments))
    assert not result.ok
    assert told in result.text


async def test_more_than_a_side_may_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "MOST_CHARACTERS", 1_000)
    result = await use(left=["17-1"], right=["18-1"], keys=["id=order"])
    assert "more than 1,000 characters" in result.text


async def test_a_list_that_is_too_long_to_be_kept_is_shorter_and_still_json() -> None:
    long = [{"id": f"{n:04}" + "x" * 300, **{f"f{m}": "l" * 120 for m in range(9)}} for n in range(1_500)]
    other = [one | {f"f{m}": "r" * 120 for m in range(9)} for one in long]
    MEMORY.results.update({"20-1": json.dumps(long), "20-2": json.dumps(other)})
    result = await use(left=["20-1"], right=["20-2"], keys=["id"])
    assert isinstance(result, SummarisedResult)
    assert len(result.whole.encode()) <= OUTPUT_LIMIT
    told = json.loads(result.text)
    assert told["mismatches"]["value"] == 1_500
    assert told["listed_of_each_class"] == len(json.loads(result.whole)["value"]) == 500
