"""An investigation as its reader sees it: the tools in the order in which they were called, what each was given and
found, how long it took, and how far the turn has come."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from agents.roster import shipped
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Hold

TOOK = re.compile(r"^[\d.,]+ m?s$")


def test_a_root_cause_in_datadog(chat: ChatPage, hold: Hold) -> None:
    question = begin(chat, "datadog-champion")
    release = hold("Now I follow failing requests")
    chat.send(question)
    turn = chat.turns.last
    expect(turn).to_contain_text("iteration 5/15")
    names = ["monitors", "count_logs", "search_logs", "query_metrics", "search_events", "search_spans", "search_spans"]
    expect(turn.locator(".tool-name")).to_have_text([f"datadog_{name}" for name in names])
    release()
    expect(turn).to_have_attribute("aria-busy", "false")
    expect(turn).to_contain_text("5 iterations")
    expect(turn.locator(".prose").last).to_contain_text("payment-service")
    for reloaded in (False, True):
        if reloaded:
            chat.page.reload()
        logs = chat.turns.last.locator(".tool").nth(2)
        arguments, result = opened(logs)
        expect(arguments).to_contain_text('"query": "service:payment-service status:error"')
        expect(result).to_contain_text('"source"')


def test_a_correlation_of_two_services(chat: ChatPage) -> None:
    turn = chat.ask(begin(chat, "api-correlator"))
    expect(turn.locator(".tool-name")).to_have_text([*["call_source"] * 4, "correlate"])
    expect(turn).to_contain_text("4 iterations")
    arguments, result = opened(turn.locator(".tool").last)
    expect(arguments).to_contain_text('"id=order_ref"')
    expect(result).to_contain_text("match_rate_percent")
    expect(turn.locator(".prose").last.locator("td code", has_text="ORD-10014")).to_be_visible()
    expect(turn.locator(".prose").last.locator("tbody tr")).to_have_count(9)


def begin(chat: ChatPage, slug: str) -> str:
    """Choose the agent; its first starter."""
    agent = shipped(slug)
    assert agent is not None
    chat.page.get_by_label("Agent", exact=True).select_option(label=agent.name)
    return agent.starters[0]


def opened(tool: Locator) -> tuple[Locator, Locator]:
    """The card's arguments and result; all of it can be seen."""
    expect(tool.locator("summary")).to_contain_text("done")
    expect(tool.locator(".tool-took")).to_have_text(TOOK)
    tool.locator("summary").click()
    arguments, result = (tool.get_by_role("region", name=name) for name in ("Arguments", "Result"))
    expect(arguments).to_be_visible()
    expect(result).to_be_visible()
    return arguments, result
