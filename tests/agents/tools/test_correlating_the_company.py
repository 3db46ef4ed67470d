"""Out of the box: the sandbox company's services are read page by page and correlated, and exactly what its ground
truth says disagrees is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.defaults import ensure_shipped_rows
from agents.llm.messages import ToolCall
from agents.llm.tools import SummarisedResult, ToolSet, run_tool
from agents.roster import agent_named, equipped
from agents.sandbox.company.shop import MISMATCHES
from agents.tools import correlate
from agents.tools.recall import Source

pytestmark = pytest.mark.django_db(transaction=True)


class Conversation:
    """The agent's tools, and every result that they gave by its handle."""

    def __init__(self, tools: ToolSet) -> None:
        self._tools = correlate.bound(tools, reader=self)
        self._results: dict[str, str] = {}

    async def call(self, name: str, **arguments: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Handle, summary, whole."""
        call = ToolCall(id="c", name=name, arguments=json.dumps(arguments))
        result = await run_tool(self._tools, call)
        assert isinstance(result, SummarisedResult), result.text
        handle = f"{len(self._results) + 1}-1"
        self._results[handle] = result.whole
        return handle, json.loads(result.text), json.loads(result.whole)

    async def pages(self, path: str) -> list[str]:
        handles = []
        following: str | None = f"{path}?per_page=50"
        while following:
            handle, _, page = await self.call("call_source", source="company", path=following)
            handles.append(handle)
            following = page["next"]
        return handles

    async def result(self, handle: str) -> Source | None:
        text = self._results.get(handle)
        return None if text is None else Source(title=handle, text=text)

    async def pasted(self, number: int) -> Source | None:
        return None


@pytest.fixture
def conversation(transactional_db: None) -> Conversation:
    ensure_shipped_rows()
    agent = agent_named("api-correlator")
    assert agent is not None
    return Conversation(equipped(agent).tools)


def planted(kind: str, *services: str) -> set[str]:
    return {one.order for one in MISMATCHES if one.kind == kind and one.between == services}


def keys(entries: list[dict[str, Any]]) -> set[str]:
    return {one["key"].split(" / ")[0] for one in entries}


async def test_orders_and_payments(conversation: Conversation) -> None:
    left, right = await conversation.pages("/company/orders"), await conversation.pages("/company/payments")
    assert len(left) > 1, "there is more than one page"
    _, told, whole = await conversation.call(
        "correlate",
        left=left,
        right=right,
        keys=["id=order_ref"],
        fields=["amount=amount_cents/100", "status=state", "currency", "placed_at=captured_at"],
        same=["paid=captured"],
        seconds_tolerance=60,
        left_rows="data",
        right_rows="data",
    )
    between = ("orders", "payments")
    assert whole["timing"] == []
    wrong = {field: keys([one for one in whole["value"] if field in one]) for field in told_fields(told)}
    assert wrong["amount=amount_cents/100"] == planted("value", *between)
    assert wrong["status=state"] == planted("stale", *between)
    assert wrong["currency"] == wrong["placed_at=captured_at"] == set()
    assert keys(whole["missing_on_right"]) == planted("missing", *between)
    assert keys(whole["missing_on_left"]) == planted("orphan", *between)
    assert keys(whole["duplicate"]) == planted("duplicate", *between)


async def test_the_items_of_orders_and_their_reservations(conversation: Conversation) -> None:
    left, right = await conversation.pages("/company/orders"), await conversation.pages("/company/inventory")
    _, told, whole = await conversation.call(
        "correlate",
        left=left,
        right=right,
        keys=["id=order_id", "sku"],
        fields=["quantity"],
        left_rows="data.items",
        right_rows="data",
    )
    assert keys(whole["value"]) == planted("value", "orders", "inventory")
    assert keys(whole["missing_on_right"]) == planted("missing", "orders", "inventory")
    assert told["mismatches"]["missing_on_left"] == told["mismatches"]["duplicate"] == 0


def told_fields(told: dict[str, Any]) -> list[str]:
    return [one["field"] for one in told["fields"]]
