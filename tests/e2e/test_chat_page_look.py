"""The page fits, can be read and can be reached: at any width, in both themes, in every state."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage
from tests.e2e.scripted_socket import ScriptedSocket, moment

WIDE = """| service | before | after | notes that go on for quite a while, much wider than any telephone could show |
|---|--:|--:|---|
| orders | 96 | 1,702 | waits for a connection |

```python
def pool_size(*, workers, queries_per_request, latency):  # a long line that must scroll inside of its own box
    return workers
```

https://example.com/averyveryveryveryveryveryveryveryveryverylongaddresswithoutanyplacetobreak

![a graph](https://tracker.example/p.png)"""


@pytest.fixture
def states(scripted_chat: ChatPage, socket: ScriptedSocket) -> ChatPage:
    """A page with one of everything: a wide answer, tools, thoughts, a failure, a wait, a queue."""
    chat = scripted_chat
    chat.send("Why is the checkout slow?\n" + "averyveryverylongword" * 12)
    expect(chat.turns).to_have_count(1)
    socket.event("reasoning", text="Let me think.")
    socket.event("delta", text=WIDE)
    socket.event("tool.call", id="a", name="search_logs", arguments='{"query": "status:error"}')
    socket.event("tool.result", id="a", ok=True, preview="x" * 300, tokens=4102, shortened=True)
    socket.event("tool.call", id="b", name="search_metrics", arguments="{}")
    socket.event("tool.result", id="b", ok=False, preview="no such metric", tokens=3, shortened=False)
    socket.end("failed", reason="provider_timeout", error="Sandbox took too long. What arrived is kept.")
    expect(chat.turns.last).to_have_attribute("data-status", "failed")
    chat.send("And now?")
    expect(chat.turns).to_have_count(2)
    waiting: dict[str, Any] = {"reason": "pacing", "pool": "sonnet", "used": 38_200, "limit": 40_000, "position": 1}
    socket.event("turn.waiting", retry_at=moment(50), **waiting)
    expect(chat.page.locator(".waiting")).to_have_count(2)
    socket.deaf = True
    chat.send("one more for the queue")
    expect(chat.chips).to_have_count(1)
    return chat


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_fault_in_any_state(states: ChatPage, theme: str) -> None:
    states.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    for summary in states.page.locator(".tool summary, .reasoning:not([hidden]) summary").all():
        summary.click()
    assert serious_faults(states.page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_serious_fault_in_an_empty_chat(chat: ChatPage, theme: str, width: int) -> None:
    chat.page.set_viewport_size({"width": width, "height": 700})
    chat.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    assert serious_faults(chat.page) == []
    chat.page.get_by_label("Your menu").click()
    assert serious_faults(chat.page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_but_code_and_tables_scrolls_sideways(states: ChatPage, width: int) -> None:
    states.page.set_viewport_size({"width": width, "height": 640})
    wide = """() => [document.documentElement, ...document.querySelectorAll("body *")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .filter((element) => ["auto", "scroll", "visible"].includes(getComputedStyle(element).overflowX))
      .filter((element) => element.getClientRects().length && getComputedStyle(element).display !== "inline")
      .filter((element) => !element.closest("pre, .scroll-inside, select, .unseen, svg"))
      .map((element) => `${element.className || element.nodeName}: ${element.scrollWidth} in ${element.clientWidth}`)"""
    assert states.page.evaluate(wide) == []
    assert states.page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_that_is_pressed_is_large_enough(states: ChatPage) -> None:
    small = """() => [...document.querySelectorAll("button, a, summary, select, input, textarea")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".prose p"))
      .map((element) => [element, element.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24) && box.bottom > 0)
      .map(([element, box]) => `${element.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`)"""
    assert states.page.evaluate(small) == []


def test_the_theme_is_there_in_the_first_frame(chat: ChatPage) -> None:
    chat.page.emulate_media(color_scheme="light")
    chat.page.get_by_role("button", name="Change between light and dark").click()
    ground = chat.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    response = chat.page.reload()
    assert response is not None
    assert 'class="theme-dark"' in response.text()
    assert chat.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == ground
    chat.page.get_by_role("button", name="Change between light and dark").click()
    assert "theme" not in chat.page.evaluate("document.cookie")


def test_the_list_is_a_sheet_on_a_narrow_page(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.page.set_viewport_size({"width": 360, "height": 640})
    toggle = chat.page.get_by_role("button", name="Conversations", exact=True)
    expect(chat.rows.first).not_to_be_visible()
    toggle.click()
    expect(chat.rows.first).to_be_visible()
    expect(chat.page.locator("main")).to_have_attribute("inert", "")
    chat.page.keyboard.press("Escape")
    expect(chat.rows.first).not_to_be_visible()
    expect(toggle).to_be_focused()


def test_the_list_stays_folded_on_a_wide_page(chat: ChatPage) -> None:
    chat.page.get_by_role("button", name="Conversations", exact=True).click()
    expect(chat.page.get_by_role("link", name="New chat")).to_have_count(0)
    chat.page.reload()
    expect(chat.page.locator("[data-sidebar]")).not_to_be_visible()


def test_nothing_moves_for_those_who_asked_for_that(states: ChatPage) -> None:
    states.page.emulate_media(reduced_motion="reduce")
    moving = "() => document.getAnimations().filter((animation) => animation.playState === 'running').length"
    assert states.page.evaluate(moving) == 0
