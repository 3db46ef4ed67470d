"""The first visit, from the printed link on: the server in a process of its own, as `make run` starts it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Noise
from tests.e2e.newcomer import make_the_first_account
from tests.e2e.settings_tab import SettingsTab
from tests.serving import Served, serving

LIMIT = 8_192  # tokens: what an Anthropic model has before anybody set anything
SIXTY, AT_ONCE = 60, 20


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def served(var_dir: Path) -> Iterator[Served]:
    with serving(var_dir) as running:
        yield running


@pytest.fixture
def chat(page: Page, served: Served) -> ChatPage:
    """A new chat of the first admin's."""
    return make_the_first_account(page, served)


def test_the_link_makes_one_admin_and_is_gone(chat: ChatPage, served: Served, noise: Noise) -> None:
    expect(chat.page.get_by_role("link", name="Admin")).to_be_visible()
    noise.expect("404")
    answer = chat.page.goto(served.setup_link or "")
    assert answer is not None
    assert answer.status == 404


def test_the_first_quarter_of_an_hour(chat: ChatPage) -> None:
    answer = chat.ask("what can you do?")
    expect(answer).to_contain_text("As the sandbox I can show you each state of it")
    watch_one_and_stop_it(chat)
    allow_two_iterations(chat)
    turn = chat.ask("loop 9")
    expect(turn).to_contain_text("Ended after 2 of 2 iterations")
    expect(turn.locator(".tool")).to_have_count(1)


def watch_one_and_stop_it(chat: ChatPage) -> None:
    chat.send("slow long 400")
    seen = grown(chat.turns.last.locator(".prose"), "This is a long answer")
    chat.page.reload()
    expect(chat.turns).to_have_count(2)
    prose = chat.turns.last.locator(".prose")
    expect(prose).to_contain_text(seen)
    seen = grown(prose, seen)
    chat.stop_button.click()
    expect(chat.turns.last).to_have_attribute("data-status", "stopped")
    kept = prose.inner_text()
    assert kept.startswith(seen)
    chat.page.reload()
    expect(chat.turns.last).to_contain_text("Stopped by you")
    assert prose.inner_text() == kept


def grown(prose: Locator, words: str) -> str:
    """The text once it has these words and then some more: it streams."""
    expect(prose).to_contain_text(words)
    before = prose.inner_text()
    expect(prose).not_to_have_text(before)
    after = prose.inner_text()
    assert after.startswith(before)
    return after


def allow_two_iterations(chat: ChatPage) -> None:
    conversation = chat.path
    chat.page.get_by_role("link", name="Settings").click()
    tab = SettingsTab(page=chat.page, origin=chat.origin)
    expect(tab.slider("Max Iterations")).to_be_visible()
    tab.slider("Max Iterations").press("Home")
    tab.slider("Max Iterations").press("ArrowRight")
    expect(tab.number("Max Iterations")).to_have_value("2")
    tab.save()
    chat.open(conversation)


def test_sixty_long_messages_stay_inside_the_limit_and_it_says_what_was_left_out(chat: ChatPage, var_dir: Path) -> None:
    filler = "lorem ipsum dolor sit amet consectetur " * 40
    for n in range(SIXTY):
        chat.send(f"echo part {n} of {SIXTY} {filler}")
        if n % AT_ONCE == AT_ONCE - 1:
            expect(chat.turns).to_have_count(n + 1, timeout=120_000)
            expect(chat.turns.last).to_have_attribute("data-status", "completed")
    divider = chat.page.locator(".divider summary")
    expect(divider).to_have_text(re.compile(r"^\d{2,3} earlier messages not sent \([\d,]+ tokens\)$"))
    calls = input_tokens_of_calls(var_dir)
    assert len(calls) == SIXTY
    assert LIMIT / 2 < max(calls) <= LIMIT


def input_tokens_of_calls(var_dir: Path) -> list[int]:
    """What the provider says that it was sent, straight from the ledger."""
    with closing(sqlite3.connect(var_dir / "db.sqlite3", timeout=30)) as database:
        found = database.execute("SELECT input_tokens FROM agents_modelcall WHERE status = 'completed'")
        return [tokens for (tokens,) in found]
