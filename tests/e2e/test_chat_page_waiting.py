"""A wait as its reader sees it: why, for how long, behind whom; and what can be done instead of waiting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from agents.models import RatePool
from tests.chat.pools import Tap, with_pool
from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import ServerThread
from tests.e2e.scripted_socket import ScriptedSocket, moment

LONG = "echo " + "the checkout waits for a connection again and again " * 150
WAIT: dict[str, Any] = {"pool": "sonnet", "used": 38_200, "limit": 40_000}


def card(chat: ChatPage) -> Locator:
    return chat.page.locator(".waiting:visible")


def button(chat: ChatPage, name: str) -> Locator:
    return card(chat).get_by_role("button", name=name, exact=True)


@pytest.fixture
def tap(server: ServerThread) -> Iterator[Tap]:
    tap = with_pool("sandbox-gpt")
    yield tap
    server.run(tap.fill())
    RatePool.objects.filter(models=tap.model).delete()


@pytest.fixture
def fill(tap: Tap, server: ServerThread) -> Callable[[], None]:
    return lambda: server.run(tap.fill())


@pytest.fixture
def talk(chat: ChatPage, tap: Tap) -> ChatPage:
    """A conversation that a call does not carry without a wait for long."""
    chat.pick_model("Sandbox GPT")
    for _ in range(3):
        chat.ask(LONG)
    return chat


@pytest.fixture
def waiting(chat: ChatPage, tap: Tap, server: ServerThread) -> ChatPage:
    """A first question waits, for some minutes."""
    chat.pick_model("Sandbox GPT")
    server.run(tap.empty())
    chat.send("echo asked once")
    expect(card(chat)).to_be_visible()
    return chat


def test_it_has_a_reason_a_countdown_and_a_place(waiting: ChatPage, fill: Callable[[], None]) -> None:
    expect(card(waiting)).to_contain_text("Waiting for Sandbox")
    expect(card(waiting)).to_contain_text("used this minute in the pool Sandbox · sandbox-gpt-tap. You are next.")
    expect(card(waiting).locator("output")).to_have_text(re.compile(r"sends in 1:[34]\d"))
    expect(waiting.status).to_contain_text("Waiting for Sandbox")
    fill()
    expect(waiting.turns.last).to_have_attribute("aria-busy", "false")
    expect(card(waiting)).to_have_count(0)
    expect(waiting.turns.last).to_contain_text("asked once")


def test_it_can_be_cancelled_and_one_goes_on_writing_meanwhile(waiting: ChatPage) -> None:
    waiting.send("echo behind it")
    expect(waiting.chips).to_have_count(1)
    waiting.field.fill("and a draft")
    button(waiting, "Cancel").click()
    expect(waiting.turns.first).to_contain_text("Stopped by you")
    expect(waiting.field).to_have_value("and a draft")
    expect(waiting.chips).to_have_count(0)
    expect(card(waiting)).to_have_count(1)


def test_less_can_be_sent_after_a_look_at_what_that_leaves_out(
    talk: ChatPage, tap: Tap, server: ServerThread, fill: Callable[[], None]
) -> None:
    server.run(tap.empty())
    talk.send("echo in short")
    button(talk, "Send less now").click()
    panel = card(talk).locator(".waiting-panel")
    told = re.compile(r"^[\d,]+ → [\d,]+ tokens; leaves out \d older messages; (about \d+ s|not) sooner\.")
    expect(panel).to_have_text(told)
    before, after = re.findall(r"[\d,]{4,}", panel.inner_text())[:2]
    expect(button(talk, "Send less now")).to_have_attribute("aria-expanded", "true")
    button(talk, "Send less").click()
    expect(card(talk)).to_contain_text(f"{before} → {after} tokens.")
    expect(button(talk, "Send less now")).to_have_count(0)
    fill()
    expect(talk.turns.last).to_have_attribute("aria-busy", "false")
    expect(talk.turns.last).to_contain_text("in short")
    meter = talk.page.locator("[data-context]")
    expect(meter).to_contain_text(f"{after} of 16,384 tokens")
    otherwise = f"Sent shorter than it was built, {after} instead of {before} tokens: the rate limit had no room."
    expect(meter.locator("[data-names]")).to_contain_text(otherwise)
    expect(talk.page.locator(".divider")).to_contain_text(otherwise)
    meter.get_by_role("button").click()
    receipt = talk.page.locator("[data-inspector-body]")
    expect(receipt).to_contain_text(otherwise)
    expect(receipt).to_contain_text("tokens to fit the rate limit; a longer one goes on by itself")


def test_where_nothing_can_be_left_out_it_says_so(waiting: ChatPage) -> None:
    button(waiting, "Send less now").click()
    expect(card(waiting)).to_contain_text("Nothing can be left out")
    expect(button(waiting, "Send less")).to_have_count(0)
    button(waiting, "Send less now").click()
    expect(card(waiting)).not_to_contain_text("Nothing can be left out")


def test_another_model_can_be_asked_without_typing_again(waiting: ChatPage) -> None:
    button(waiting, "Other model").click()
    choice = card(waiting).get_by_label("Model to ask instead")
    expect(choice.locator("option", has_text="Sandbox GPT")).to_have_count(1)  # The tight one; it is not asked itself.
    choice.select_option(label="Sandbox Claude")
    button(waiting, "Ask this model").click()
    turn = waiting.turns.last
    expect(turn).to_contain_text("Sandbox Claude")
    expect(turn).to_have_attribute("aria-busy", "false")
    expect(turn).to_contain_text("asked once")
    expect(waiting.questions).to_have_count(1)
    expect(waiting.turns).to_have_count(1)


def test_a_question_that_others_are_queued_behind_is_not_moved(waiting: ChatPage) -> None:
    waiting.send("echo behind it")
    expect(waiting.chips).to_have_count(1)
    button(waiting, "Other model").click()
    expect(card(waiting)).to_contain_text("Take them out of the queue, then ask another model.")
    expect(button(waiting, "Ask this model")).to_have_count(0)


def test_beyond_the_patience_of_the_pool_it_is_busy_and_can_be_tried_again(
    chat: ChatPage, tap: Tap, server: ServerThread, fill: Callable[[], None]
) -> None:
    RatePool.objects.filter(models=tap.model).update(patience_seconds=10)
    server.run(tap.empty())
    chat.pick_model("Sandbox GPT")
    chat.send("echo kept")
    expect(chat.turns.last).to_contain_text("Busy. ")
    expect(chat.turns.last).to_contain_text("your message is kept")
    fill()
    chat.turns.last.get_by_role("button", name="Try again").click()
    expect(chat.turns.last).to_have_attribute("data-status", "completed")
    expect(chat.turns.last).to_contain_text("kept")


@pytest.mark.parametrize(
    ("position", "words"), [(0, "You are next."), (1, "1 ahead of you."), (1_200, "1,200 ahead of you.")]
)
def test_its_place_is_told(answering: ChatPage, socket: ScriptedSocket, position: int, words: str) -> None:
    socket.event("turn.waiting", reason="pacing", retry_at=moment(30), position=position, **WAIT)
    expect(card(answering)).to_contain_text(words)


def test_what_the_provider_asked_for_is_told_apart(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.event("turn.waiting", reason="provider_rate_limited", retry_at=moment(30), position=0, **WAIT)
    expect(card(answering)).to_contain_text("Sandbox asked us to slow down")
    expect(card(answering).locator("output")).to_have_text(re.compile(r"tries again in 0:[23]\d"))
    expect(button(answering, "Send less now")).to_be_visible()
    nothing = WAIT | {"used": 0, "limit": 0}
    socket.event("turn.waiting", reason="provider_overloaded", retry_at=moment(30), position=0, **nothing)
    expect(card(answering)).to_contain_text("Sandbox is overloaded")
    expect(card(answering).get_by_role("progressbar")).to_have_count(0)
    expect(card(answering)).not_to_contain_text("next")
    expect(button(answering, "Send less now")).to_have_count(0)
    expect(button(answering, "Other model")).to_be_visible()


def test_a_moved_estimate_is_shown_and_not_announced_again(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.event("turn.waiting", reason="pacing", retry_at=moment(300), position=3, **WAIT)
    expect(answering.status).to_contain_text("3 ahead of you")
    socket.event("turn.waiting", reason="pacing", retry_at=moment(200), position=2, **WAIT)
    expect(card(answering)).to_contain_text("2 ahead of you")
    expect(card(answering).locator("output")).to_have_text(re.compile(r"3:[12]\d"))
    expect(answering.status).to_contain_text("3 ahead of you")
    socket.event("turn.granted", waited_ms=900)
    expect(card(answering)).to_have_count(0)
    expect(answering.status).to_have_text("The wait is over.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_has_no_serious_fault_and_fits(waiting: ChatPage, theme: str, width: int) -> None:
    waiting.page.set_viewport_size({"width": width, "height": 800})
    waiting.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    for opened in ("Send less now", "Other model"):
        button(waiting, opened).click()
        expect(button(waiting, opened)).to_have_attribute("aria-expanded", "true")
        assert serious_faults(waiting.page) == []
        assert waiting.page.evaluate("document.documentElement.scrollWidth") == width
