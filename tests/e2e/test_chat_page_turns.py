"""What a turn says while it waits, works and ends. The socket is the test's, so that each state can be shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.scripted_socket import ScriptedSocket, moment

WAIT: dict[str, Any] = {"pool": "sonnet", "used": 38_200, "limit": 40_000, "position": 1}


def test_a_wait_has_a_reason_and_counts_down_on_the_servers_clock(
    scripted_chat: ChatPage, socket: ScriptedSocket
) -> None:
    socket.clock = 3600
    socket.close(1012)
    socket.until_heard("subscribe", times=2)
    scripted_chat.send("hello")
    expect(scripted_chat.turns).to_have_count(1)
    socket.event("turn.waiting", reason="pacing", retry_at=moment(3600 + 80), **WAIT)
    card = scripted_chat.page.locator(".waiting")
    expect(card).to_contain_text("Waiting for Sandbox")
    expect(card).to_contain_text("38,200 of 40,000 used this minute in the pool sonnet. 1 ahead of you.")
    expect(card.locator("output")).to_have_text(re.compile(r"sends in 1:[01]\d"))
    expect(scripted_chat.status).to_contain_text("Waiting for Sandbox")
    socket.event("delta", text="Here.")
    expect(card).to_be_hidden()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("provider_rate_limited", "Sandbox asked us to slow down"),
        ("provider_overloaded", "Sandbox is overloaded"),
        ("quota", "Your quota is used up for now"),
        ("something_new", "Waiting for Sandbox"),
    ],
)
def test_each_kind_of_wait_has_words_of_its_own(
    answering: ChatPage, socket: ScriptedSocket, reason: str, words: str
) -> None:
    socket.event("turn.waiting", reason=reason, retry_at=moment(30), **WAIT)
    expect(answering.page.locator(".waiting strong")).to_have_text(words)
    answering.page.locator(".waiting").get_by_role("button", name="Cancel").click()
    socket.until_heard("stop")
    assert socket.of_type("stop")[0]["turn"] == socket.turn


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ({"status": "stopped"}, "Stopped by you"),
        ({"status": "interrupted", "reason": "worker_lost"}, "Interrupted – the server restarted"),
        ({"status": "failed", "reason": "provider_auth", "error": "The key is wrong."}, "Failed – The key is wrong."),
        ({"status": "completed", "finish_reason": "length"}, "Cut off"),
        ({"status": "completed", "reason": "iteration_limit"}, "Ended after 1 of 15 iterations"),
    ],
)
def test_each_ending_has_words_of_its_own(
    answering: ChatPage, socket: ScriptedSocket, ending: dict[str, str], words: str
) -> None:
    socket.event("delta", text="Some text.")
    socket.end(**ending)
    turn = answering.turns.last
    expect(turn).to_contain_text(words)
    expect(turn).to_contain_text("Some text.")
    again = "Retry" if ending["status"] in {"interrupted", "failed"} else "Regenerate"
    expect(turn.get_by_role("button", name=again)).to_be_visible()
    expect(answering.status).to_contain_text(words.split(" – ", maxsplit=1)[0])


def test_a_screen_reader_hears_that_it_answers_and_then_the_answer(answering: ChatPage, socket: ScriptedSocket) -> None:
    expect(answering.status).to_have_text("Answering")
    socket.event("delta", text="One ")
    socket.event("delta", text="two.")
    expect(answering.turns.last).to_contain_text("One two.")
    expect(answering.status).to_have_text("Answering")
    socket.end()
    expect(answering.status).to_have_text("One two.")
    expect(answering.page.locator("[data-scroller]")).to_have_attribute("aria-live", "off")


def test_how_much_is_read_out_can_be_chosen(answering: ChatPage, socket: ScriptedSocket) -> None:
    answering.page.keyboard.press("Control+/")
    answering.page.get_by_label("A screen reader reads out").select_option("no")
    answering.page.keyboard.press("Escape")
    socket.event("delta", text="One two.")
    socket.end()
    expect(answering.status).to_have_text("Answered.")


def test_an_answer_that_was_cut_short_can_go_on(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.event("delta", text="Half an ans")
    socket.end("interrupted", reason="worker_lost")
    answering.turns.last.get_by_role("button", name="Continue").click()
    socket.until_heard("send", times=2)
    assert socket.of_type("send")[-1]["text"] == "Please go on where you stopped."


def test_a_stopped_text_does_not_grow_until_its_end(answering: ChatPage, socket: ScriptedSocket) -> None:
    prose = answering.turns.last.locator(".prose")
    socket.event("delta", text="one ")
    expect(prose).to_have_text("one")
    answering.page.keyboard.press("Escape")
    expect(answering.turns.last).to_contain_text("Stopping")
    socket.until_heard("stop")
    socket.event("delta", text="two ")
    answering.page.wait_for_timeout(200)
    expect(prose).to_have_text("one")
    socket.end("stopped")
    expect(prose).to_have_text("one two")
