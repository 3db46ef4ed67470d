"""A server that is killed in the middle of a turn, and the page that stays open: nothing is lost, nothing hangs."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Noise
from tests.e2e.newcomer import make_the_first_account
from tests.serving import free_port, serving


def test_a_page_outlives_a_kill_in_the_middle_of_a_turn(page: Page, tmp_path: Path, noise: Noise) -> None:
    noise.expect("ERR_CONNECTION_REFUSED")
    var_dir, port = tmp_path / "var", free_port()
    with serving(var_dir, port=port) as served:
        chat = make_the_first_account(page, served)
        chat.send("slow loop 3")
        turn = chat.turns.last
        expect(turn.locator(".tool")).to_have_count(1)
        expect(turn).to_contain_text("Round 2 of 3")
        chat.send("echo it runs after all")
        expect(chat.chips).to_contain_text(["echo it runs after all"])
        served.process.kill()
        served.process.wait()
        expect(page.locator("[data-pill]")).to_contain_text("Reconnecting")
        seen = turn.locator(".prose").all_inner_texts()
        chat.field.fill("typed while nobody listened")
    with serving(var_dir, port=port):
        check_what_is_there(chat, seen)
        expect(chat.field).to_have_value("typed while nobody listened")
        page.reload()
        check_what_is_there(chat, seen)
        expect(chat.field).to_have_value("typed while nobody listened")


def check_what_is_there(chat: ChatPage, seen: list[str]) -> None:
    """Without a reload, and after one."""
    expect(chat.turns).to_have_count(2)
    first, second = chat.turns.first, chat.turns.last
    expect(second.locator(".prose")).to_have_text("it runs after all")
    expect(second).to_have_attribute("data-status", "completed")
    expect(first).to_have_attribute("data-status", "interrupted")
    expect(first).to_contain_text("Interrupted – the server restarted")
    expect(first.get_by_role("button", name="Retry")).to_be_visible()
    expect(first.locator(".tool")).to_have_count(1)
    shown = first.locator(".prose").all_inner_texts()
    assert len(shown) == len(seen)
    assert all(now.startswith(before) for now, before in zip(shown, seen, strict=True))
    expect(chat.stop_button).to_be_hidden()
