"""Which tools an agent is given, and that the same rows make the same agent."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.mcp.definition import Definition
from agents.mcp.grants import granted_to
from agents.mcp.reading import keep
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.roster import DEFAULT_AGENT, ROSTER, equipped, shipped

pytestmark = pytest.mark.django_db


def server(slug: str = "ref", **tools: str) -> McpServer:
    row = McpServer.objects.create(slug=slug, name=slug, url="https://mcp.example.com/mcp")
    keep(row.pk, {name: Definition(description=said, parameters={}) for name, said in tools.items()})
    return row


def grant(row: McpServer, name: str, *, agent: str = "smart", policy: str = "ask") -> McpGrant:
    return McpGrant.objects.create(tool=row.tools.get(name=name), agent=agent, policy=policy)


def test_an_agent_without_grants_stays_the_very_same() -> None:
    server(stock="Counts.")
    champion = shipped("datadog-champion")
    assert champion is not None
    assert equipped(champion) is champion


def test_the_same_rows_make_the_same_agent_and_others_another() -> None:
    row = server(stock="Counts.", sell="Sells.")
    first = grant(row, "stock")
    one = equipped(DEFAULT_AGENT)
    assert equipped(DEFAULT_AGENT) == one
    assert hash(equipped(DEFAULT_AGENT)) == hash(one)
    assert equipped(DEFAULT_AGENT).tools.specs == one.tools.specs
    assert [spec.name for spec in one.tools.specs if "__" in spec.name] == ["ref__stock"]
    first.policy = "allow"
    first.save()
    assert equipped(DEFAULT_AGENT) != one
    assert equipped(DEFAULT_AGENT).tools.specs == one.tools.specs


def test_they_come_beside_what_the_agent_has_for_every_agent() -> None:
    row = server(stock="Counts.")
    for agent in ROSTER:
        grant(row, "stock", agent=agent.slug)
        names = {spec.name for spec in equipped(agent).tools.specs}
        assert names == {spec.name for spec in agent.tools.specs} | {"ref__stock"}


NEEDS_AN_ODD_NAME = {"properties": {"bad name": {}}, "required": ["bad name"]}


@pytest.mark.parametrize(
    "changes",
    [{"is_missing": True}, {"seen_at": None}, {"offered": {"description": "New."}}, {"parameters": NEEDS_AN_ODD_NAME}],
)
def test_what_stands_against_a_tool(changes: dict[str, object]) -> None:
    row = server(stock="Counts.")
    grant(row, "stock")
    McpTool.objects.update(**changes)
    assert granted_to("smart") == ()


def test_off_is_not_offered_and_ask_is_the_default() -> None:
    row = server(stock="Counts.", sell="Sells.")
    grant(row, "stock", policy="off")
    McpGrant.objects.create(tool=row.tools.get(name="sell"), agent="smart")
    assert [(one.tool, one.asks) for one in granted_to("smart")] == [("sell", True)]


def test_it_costs_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    row = server(stock="Counts.", sell="Sells.")
    grant(row, "stock")
    grant(row, "sell")
    with django_assert_num_queries(1):
        assert len(granted_to("smart")) == 2
