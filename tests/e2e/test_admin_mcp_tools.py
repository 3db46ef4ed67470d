"""The admin's page of an MCP server's tools: usable in both themes and on a phone, with tools of a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Locator, Page, expect

from agents.mcp_rows import McpGrant, McpServer, McpTool
from tests.agents.mcp.everything import everything
from tests.chat.stage import Stage
from tests.e2e.accessibility import serious_faults
from tests.e2e.conftest import SignIn


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    with everything() as url:
        yield url


@pytest.fixture
def page(context: BrowserContext, sign_in: SignIn) -> Page:
    sign_in(context, is_staff=True, is_superuser=True)
    return context.new_page()


@pytest.fixture
def row(stage: Stage, reference: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[McpServer]:
    monkeypatch.setattr(settings, "EGRESS_ALLOW_PRIVATE", ["127.0.0.0/8"])
    made = McpServer.objects.create(slug="ref", name="Reference", url=reference)
    yield made
    made.delete()


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_tools_are_read_chosen_and_looked_at_again(page: Page, stage: Stage, row: McpServer) -> None:
    page.goto(f"{stage.origin}/admin/agents/mcpserver/{row.pk}/change/")
    page.get_by_role("link", name="Tools…").click()
    page.get_by_role("button", name="Test connection and read its tools").click()
    expect(page.get_by_text("The connection works: 13 tools, 13 new.")).to_be_visible()
    tool(page, "get-sum").get_by_label("Smart Agent").select_option("ask each time")
    tool(page, "echo").get_by_label("Datadog Champion").select_option("allow")
    page.get_by_role("button", name="Save choices").click()
    expect(page.get_by_text("Saved. It holds from the next message on.")).to_be_visible()
    expect(tool(page, "get-sum").get_by_label("Smart Agent")).to_have_value("ask")
    assert {(one.tool.name, one.agent, one.policy) for one in McpGrant.objects.select_related("tool")} == {
        ("get-sum", "smart", "ask"),
        ("echo", "datadog-champion", "allow"),
    }

    McpTool.objects.filter(name="get-sum").update(description="Adds.")
    page.get_by_role("button", name="Test connection and read its tools").click()
    expect(page.get_by_text("13 tools, 1 held back")).to_be_visible()
    expect(page.get_by_role("region").first).to_contain_text("Not offered: the server describes it otherwise")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert serious_faults(page) == [], theme
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    tool(page, "get-sum").get_by_label("I have looked at it").check()
    page.get_by_role("button", name="Save choices").click()
    expect(page.get_by_text("held back")).to_have_count(1)  # what is said about reading
    assert McpTool.objects.get(name="get-sum").offered is None
