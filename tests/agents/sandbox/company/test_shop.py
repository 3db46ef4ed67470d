"""The shop's three services disagree exactly where mismatches were planted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx2
import pytest

from agents.sandbox.app import SandboxApp
from agents.sandbox.company.app import Company
from agents.sandbox.company.shop import MISMATCHES, ORDERS
from agents.sandbox.transport import SandboxTransport
from tests.agents.sandbox.company.clock import Clock
from tests.agents.sandbox.stage import serving


def near() -> httpx2.AsyncClient:
    transport = SandboxTransport(SandboxApp(company=Company(clock=Clock())))
    return httpx2.AsyncClient(transport=transport, base_url="http://sandbox")


async def all_of(http: httpx2.AsyncClient, name: str) -> list[dict[str, Any]]:
    page = (await http.get(f"/company/{name}")).json()
    rows: list[dict[str, Any]] = page["data"]
    while page["next"]:
        page = (await http.get(page["next"])).json()
        rows += page["data"]
    assert len(rows) == page["total"]
    return rows


async def test_nothing_else_disagrees() -> None:
    async with near() as http:
        orders = {row["id"]: row for row in await all_of(http, "orders")}
        payments = await all_of(http, "payments")
        reserved = await all_of(http, "inventory")
    paid = Counter(row["order_ref"] for row in payments)
    cents = {row["order_ref"]: row["amount_cents"] for row in payments}
    items = Counter((row["order_id"], row["sku"], row["quantity"]) for row in reserved)
    ordered = Counter((id, item["sku"], item["quantity"]) for id, row in orders.items() for item in row["items"])
    found = {("orphan", id) for id in paid.keys() - orders.keys()}
    found |= {("missing", id) for id in orders.keys() - paid.keys()}
    found |= {("duplicate", id) for id, count in paid.items() if count > 1}
    found |= {("stale", id) for id, row in orders.items() if row["status"] == "pending" and id in paid}
    found |= {
        ("value", id) for id, row in orders.items() if id in cents and round(float(row["amount"]) * 100) != cents[id]
    }
    stocked = {row["order_id"] for row in reserved}
    found |= {("value" if id in stocked else "missing", id) for id, *_ in (ordered - items)}
    assert len(orders) == ORDERS
    assert found == {(one.kind, one.order) for one in MISMATCHES}


async def test_the_pages_are_the_same_over_http() -> None:
    async with serving(SandboxApp(company=Company(clock=Clock()))) as url, near() as http:
        path = "/company/payments?page=2&per_page=7"
        over_http = httpx2.get(url + path, trust_env=False).json()
        assert over_http == (await http.get(path)).json()
    assert (len(over_http["data"]), over_http["page"]) == (7, 2)
    assert over_http["next"] == "/company/payments?page=3&per_page=7"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/company/refunds", 405),
        ("GET", "/company/nothing", 404),
        ("POST", "/company/orders", 405),
        ("GET", "/company/orders?page=0", 400),
        ("GET", "/company/orders?per_page=101", 400),
        ("GET", "/company/orders?page=x", 400),
        ("GET", "/api/v1/nothing", 404),
    ],
)
async def test_what_is_not_there_is_told(method: str, path: str, status: int) -> None:
    async with near() as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["errors"][0]


async def test_a_refund_is_made_and_nobody_reads_another_ones() -> None:
    company = Company(clock=Clock())
    transport = SandboxTransport(SandboxApp(company=company))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        asked = {"order": "ORD-10007", "amount_cents": 500, "reason": "broken"}
        answer = await http.post("/company/refunds", json=asked)
        assert answer.status_code == 201
        assert answer.json() == {"refund_id": "REF-00001", **asked, "state": "accepted"}
        assert list(company.refunds.made) == [answer.json()]
        assert (await http.get("/company/refunds")).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"order": "ORD-1", "amount_cents": 5}',
        b'{"order": "ORD-10007"}',
        b'{"order": "ORD-10007", "amount_cents": 0}',
        b'{"order": "ORD-10007", "amount_cents": "5"}',
        b'{"order": "ORD-10007", "amount_cents": 5, "more": 1}',
    ],
)
async def test_what_is_no_refund_is_refused(body: bytes) -> None:
    company = Company(clock=Clock())
    transport = SandboxTransport(SandboxApp(company=company))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        assert (await http.post("/company/refunds", content=body)).status_code == 422
    assert not company.refunds.made
