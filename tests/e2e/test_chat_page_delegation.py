"""A task that is handed to another agent: its steps stand inside of the call, while they come and after a reload."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage
from tests.e2e.scripted_socket import ScriptedSocket, moment

QUESTION = "Why are we seeing 500 errors in payment-service?"

WITHOUT_NOTES = """all => all.map((one) => {
  const copy = one.cloneNode(true);
  copy.querySelectorAll(".tool-body > .whisper:last-child").forEach((note) => note.remove());
  return copy.textContent;
})"""


def steps_of(page: Page) -> list[str]:
    """What the steps say, without the numbers of tokens, which only those who watched are told."""
    texts: list[str] = page.locator(".steps > li").evaluate_all(WITHOUT_NOTES)
    return texts


def test_the_steps_are_inside_of_the_call_and_come_again_after_a_reload(chat: ChatPage) -> None:
    chat.ask(QUESTION)
    page = chat.page
    card = page.locator('.tool:has(> summary:has-text("delegate"))')
    expect(card.locator("> summary")).to_contain_text("delegate → Datadog Champion")
    expect(card).not_to_have_attribute("open", "")
    live = steps_of(page)
    assert len(live) == 5
    assert "datadog_search_events" in live[2]
    expect(chat.turns.last).to_contain_text("7 iterations")
    page.reload()
    expect(chat.turns.last).to_contain_text("7 iterations")
    assert steps_of(page) == live
    card.locator("> summary").click()
    expect(page.locator(".steps .tool").first).to_be_visible()


def test_what_each_step_was_sent_can_be_seen(chat: ChatPage) -> None:
    chat.ask(QUESTION)
    chat.page.locator(".context-meter").click()
    inspector = chat.page.locator("[data-inspector-body]")
    expect(inspector).to_contain_text("Model call 7 of 7 of this answer")
    chat.page.get_by_role("button", name="Earlier call").click()
    expect(inspector).to_contain_text("Model call 6 of 7 of this answer, made for Datadog Champion")
    expect(inspector).to_contain_text("Task")
    expect(inspector).to_contain_text(QUESTION)


@pytest.fixture
def handed_on(scripted_chat: ChatPage, socket: ScriptedSocket) -> ChatPage:
    """A page on which another agent works, and its call waits."""
    chat = scripted_chat
    chat.send(QUESTION)
    expect(chat.turns).to_have_count(1)
    socket.event("tool.call", id="a", name="delegate", arguments='{"agent": "datadog-champion", "task": "Look."}')
    step: dict[str, Any] = {"call": "a", "agent": "datadog-champion", "max": 15, "model_call": "m", "limit": 8192}
    step |= {"left_out": 0, "built_tokens": None, "reply_cap": None}
    socket.event("delegate.iteration", n=2, message="d2", tokens=2140, **step)
    socket.event("delegate.answer", call="a", n=2, text="First the **symptom**.", reasoning="", input_tokens=2140)
    socket.event("delegate.tool", call="a", id="t", name="datadog_monitors", arguments="{}")
    expect(chat.turns.last).to_contain_text("Datadog Champion uses datadog_monitors")
    expect(chat.turns.last).to_contain_text("iteration 2/15")
    socket.event("delegate.result", call="a", id="t", ok=True, preview="x" * 300, tokens=412, shortened=True)
    socket.event("delegate.iteration", n=3, message="d3", tokens=2600, **step)
    waiting: dict[str, Any] = {"reason": "pacing", "pool": "sonnet", "used": 38_200, "limit": 40_000, "position": 1}
    socket.event("turn.waiting", retry_at=moment(50), **waiting)
    return chat


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_is_seen_at_work_and_waiting_at_any_width(handed_on: ChatPage, theme: str, width: int) -> None:
    page = handed_on.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    expect(page.locator(".steps .prose strong")).to_have_text("symptom")
    expect(page.locator(".steps")).to_be_visible()
    expect(page.locator(".waiting")).to_be_visible()
    expect(page.get_by_role("button", name="Send less now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".steps .tool > summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(page) == []
