"""What a call carried: the meter by the composer, the divider in the transcript, and the inspector with all of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.accessibility import serious_faults
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Noise

FILLER = "lorem ipsum dolor sit amet " * 260


def meter(chat: ChatPage) -> Locator:
    return chat.page.locator("[data-context]")


def meter_button(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("button", name=re.compile(r"The last call carried .* tokens"))


def inspector(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("dialog", name="What was sent")


@pytest.fixture
def short_chat(chat: ChatPage) -> ChatPage:
    chat.ask("loop 2")
    return chat


@pytest.fixture
def long_chat(chat: ChatPage) -> ChatPage:
    """So long that the oldest messages are not sent any more."""
    for n in range(6):
        chat.ask(f"echo part {n} {FILLER}")
    return chat


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


class TestTheMeter:
    def test_is_not_there_before_anything_was_sent(self, chat: ChatPage) -> None:
        expect(meter(chat)).to_be_hidden()

    def test_says_how_much_the_newest_call_carried(self, short_chat: ChatPage) -> None:
        chat = short_chat
        first = numbers(meter_button(chat).inner_text())
        assert first[-1] == 8_192
        chat.ask("echo and more " + "words " * 100)
        expect(meter_button(chat)).not_to_contain_text(f"{first[0]:,} of")
        second = numbers(meter_button(chat).inner_text())
        assert first[0] + 100 < second[0] < 8_192
        words = meter_button(chat).inner_text()
        chat.page.reload()
        expect(meter_button(chat)).to_have_text(words, use_inner_text=True)

    def test_names_its_parts_on_hover_and_on_focus(self, short_chat: ChatPage) -> None:
        chat = short_chat
        names = chat.page.get_by_role("tooltip")
        expect(names).to_be_hidden()
        meter_button(chat).hover()
        expect(names).to_be_visible()
        chat.page.mouse.move(5, 5)
        expect(names).to_be_hidden()
        chat.field.focus()
        for _ in range(8):
            chat.page.keyboard.press("Tab")
            if meter_button(chat).evaluate("element => element === document.activeElement"):
                break
        expect(names).to_be_visible()
        told = names.inner_text()
        for label in ("Instructions", "Tools", "Overhead", "Conversation", "This message", "Free"):
            assert label in told
        assert sum(numbers(told)) == 8_192
        chat.page.keyboard.press("Escape")
        expect(names).to_be_hidden()

    def test_its_bar_is_as_long_as_the_numbers_say(self, long_chat: ChatPage) -> None:
        widths = """() => [...document.querySelectorAll("[data-context] .bar-part")]
          .map((part) => [Number(part.dataset.tokens), part.getBoundingClientRect().width])"""
        parts = [(tokens, width) for tokens, width in long_chat.page.evaluate(widths) if tokens]
        scale = sum(width for _, width in parts) / sum(tokens for tokens, _ in parts)
        for tokens, width in parts:
            assert width == pytest.approx(tokens * scale, abs=1.5)

    def test_says_how_many_were_not_sent(self, long_chat: ChatPage) -> None:
        divider = numbers(long_chat.page.locator(".divider summary").inner_text())
        expect(meter_button(long_chat)).to_contain_text(f"{divider[0]} not sent")


class TestTheDivider:
    def test_is_reached_and_opened_with_the_keyboard(self, long_chat: ChatPage) -> None:
        chat = long_chat
        summary = chat.page.locator(".divider summary")
        assert summary.evaluate("element => element.tabIndex") == 0
        summary.focus()
        chat.page.keyboard.press("Enter")
        chat.page.keyboard.press("Tab")
        opener = chat.page.get_by_role("button", name="Show what was sent")
        expect(opener).to_be_focused()
        chat.page.keyboard.press("Enter")
        expect(inspector(chat)).to_be_visible()
        expect(chat.page.get_by_role("heading", name="What was sent")).to_be_focused()
        chat.page.keyboard.press("Escape")
        expect(inspector(chat)).to_have_count(0)
        expect(opener).to_be_focused()


class TestTheInspector:
    def test_lists_what_was_sent_and_what_was_not_and_the_numbers_add_up(self, long_chat: ChatPage) -> None:
        chat = long_chat
        meter_button(chat).click()
        shown = inspector(chat)
        expect(shown).to_be_visible()
        total, limit = numbers(shown.locator(".receipt-total").inner_text())
        assert f"{total:,} of {limit:,} tokens" in meter_button(chat).inner_text()
        assert sum(numbers(shown.locator(".legend").inner_text())) == limit == 8_192
        left_out, tokens = numbers(chat.page.locator(".divider summary").inner_text())
        expect(shown.locator(".receipt-earlier li")).to_have_text(
            re.compile(f"{left_out} earlier messages \\({tokens:,} tokens\\) did not fit the token limit")
        )
        lines = shown.locator(".receipt-line")
        assert sum(numbers(text)[0] for text in lines.locator(".receipt-tokens").all_inner_texts()) < total
        expect(lines.last).to_contain_text("echo part 5 lorem ipsum")
        expect(lines.last.locator(".receipt-who")).to_have_text("11 You")
        expect(shown).to_contain_text("Counted by the provider")
        expect(shown).to_contain_text("Read from its cache")

    def test_shows_each_call_of_an_answer(self, short_chat: ChatPage) -> None:
        chat = short_chat
        meter_button(chat).click()
        shown = inspector(chat)
        expect(shown).to_contain_text("Model call 3 of 3 of this answer")
        expect(shown.locator(".receipt-line")).to_have_count(5)
        shown.get_by_role("button", name="Earlier call").click()
        expect(shown).to_contain_text("Model call 2 of 3")
        expect(shown.locator(".receipt-line")).to_have_count(3)
        expect(shown.locator(".receipt-line").nth(1)).to_contain_text("Round 1 of 2")

    def test_follows_the_conversation_as_a_column(self, short_chat: ChatPage) -> None:
        chat = short_chat
        chat.page.set_viewport_size({"width": 1400, "height": 800})
        meter_button(chat).click()
        expect(inspector(chat).locator(".receipt-line")).to_have_count(5)
        chat.ask("echo one more")
        expect(inspector(chat)).to_contain_text("Model call 1 of 1")
        expect(inspector(chat).locator(".receipt-line")).to_have_count(7)
        expect(inspector(chat)).not_to_contain_text("not told")

    def test_as_a_column_it_leaves_escape_to_the_answer(self, short_chat: ChatPage) -> None:
        chat = short_chat
        chat.page.set_viewport_size({"width": 1400, "height": 800})
        meter_button(chat).click()
        expect(inspector(chat)).to_be_visible()
        chat.send("slow long 2000")
        expect(chat.stop_button).to_be_visible()
        chat.field.press("Escape")
        expect(chat.turns.last).to_contain_text("Stopped by you")
        expect(inspector(chat)).to_be_visible()
        chat.page.get_by_role("heading", name="What was sent").focus()
        chat.page.keyboard.press("Escape")
        expect(inspector(chat)).to_have_count(0)

    def test_is_a_sheet_on_a_narrow_page(self, short_chat: ChatPage) -> None:
        chat = short_chat
        chat.page.set_viewport_size({"width": 360, "height": 640})
        meter_button(chat).click()
        box = inspector(chat).bounding_box()
        assert box is not None
        assert (box["x"], box["width"], box["height"]) == (0, 360, 640)
        assert chat.page.evaluate("document.documentElement.scrollWidth") == 360
        inspector(chat).get_by_role("button", name="Close").click()
        expect(inspector(chat)).to_have_count(0)
        expect(meter_button(chat)).to_be_focused()

    def test_changes_with_the_width_of_the_page_and_keeps_what_it_shows(self, short_chat: ChatPage) -> None:
        chat = short_chat
        chat.page.set_viewport_size({"width": 1400, "height": 800})
        meter_button(chat).click()
        inspector(chat).get_by_role("button", name="Earlier call").click()
        expect(inspector(chat)).to_contain_text("Model call 2 of 3")
        for width, is_sheet in ((360, True), (1400, False)):
            chat.page.set_viewport_size({"width": width, "height": 800})
            expect(chat.page.locator(".inspector:modal")).to_have_count(int(is_sheet))
            expect(inspector(chat)).to_contain_text("Model call 2 of 3")

    def test_that_cannot_be_loaded_says_so(self, short_chat: ChatPage, noise: Noise) -> None:
        noise.expect("503")
        short_chat.page.route("**/receipt/", lambda route: route.fulfill(status=503, body=""))
        meter_button(short_chat).click()
        expect(short_chat.page.get_by_text("What was sent could not be loaded")).to_be_visible()
        expect(inspector(short_chat)).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_serious_fault(long_chat: ChatPage, theme: str, width: int) -> None:
    chat = long_chat
    chat.page.set_viewport_size({"width": width, "height": 800})
    chat.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    meter_button(chat).hover()
    assert serious_faults(chat.page) == []
    meter_button(chat).click()
    expect(inspector(chat)).to_be_visible()
    assert serious_faults(chat.page) == []
