"""The road of a message as its sender sees it, in a real browser against the real server."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import Freeze, Hold, Noise


def test_the_first_message_makes_a_conversation(chat: ChatPage) -> None:
    expect(chat.page.get_by_role("heading", name="Smart Agent")).to_be_visible()
    expect(chat.page.locator(".starters button")).to_have_count(3)
    turn = chat.ask("echo Hello there")
    expect(turn.locator(".prose")).to_have_text("Hello there")
    assert re.fullmatch(r"/c/[0-9a-f-]{36}/", chat.path)
    expect(chat.rows).to_have_count(1)
    expect(chat.rows.first.locator("a")).to_have_text("echo Hello there")
    expect(chat.rows.first.locator("a")).to_have_attribute("aria-current", "page")
    expect(chat.page.locator("[data-chat-title]")).to_have_text("echo Hello there")
    expect(chat.page).to_have_title("echo Hello there · Tokenproject")


def test_a_reload_shows_the_same_conversation(chat: ChatPage) -> None:
    chat.ask("loop 2 long 60")
    before = chat.transcript.inner_text()
    chat.page.reload()
    expect(chat.turns).to_have_count(1)
    assert chat.transcript.inner_text() == before


def test_a_starter_is_only_put_into_the_field(chat: ChatPage) -> None:
    starter = chat.page.locator(".starters button").first
    words = starter.inner_text()
    starter.click()
    expect(chat.field).to_have_value(words)
    expect(chat.field).to_be_focused()
    expect(chat.questions).to_have_count(0)


def test_shift_enter_makes_a_line_and_an_input_methods_enter_sends_nothing(chat: ChatPage) -> None:
    chat.field.fill("one")
    chat.field.press("Shift+Enter")
    chat.field.press_sequentially("two")
    expect(chat.field).to_have_value("one\ntwo")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        chat.field.dispatch_event("keydown", {"key": "Enter", "bubbles": True, **composing})
    expect(chat.field).to_have_value("one\ntwo")
    expect(chat.questions).to_have_count(0)


def test_escape_stops_an_answer_for_good(chat: ChatPage) -> None:
    chat.send("slow long 3000")
    expect(chat.turns.last.locator(".prose")).to_contain_text("This is a long answer")
    chat.page.keyboard.press("Escape")
    expect(chat.turns.last).to_have_attribute("data-status", "stopped")
    expect(chat.turns.last).to_contain_text("Stopped by you")
    expect(chat.stop_button).to_be_hidden()
    text = chat.turns.last.locator(".prose").inner_text()
    chat.page.reload()
    expect(chat.turns.last).to_contain_text("Stopped by you")
    assert chat.turns.last.locator(".prose").inner_text() == text


def test_what_is_sent_meanwhile_waits_in_order(chat: ChatPage, freeze: Freeze) -> None:
    chat.send("slow long 900")
    expect(chat.turns.last.locator(".prose")).to_contain_text("This is")
    freeze()
    expect(chat.stop_button).to_be_visible()
    for words in ("echo second", "echo third", "echo fourth"):
        chat.send(words)
    expect(chat.chips).to_contain_text(["echo second", "echo third", "echo fourth"])
    chat.chips.nth(1).get_by_role("button", name="Remove from the queue").click()
    expect(chat.chips).to_contain_text(["echo second", "echo fourth"])
    expect(chat.field).to_have_value("echo third")
    chat.stop_button.click()
    expect(chat.turns).to_have_count(3)
    expect(chat.turns.locator(".prose")).to_contain_text(["This is", "second", "fourth"])
    expect(chat.chips).to_have_count(0)
    expect(chat.questions).to_contain_text(["slow long 900", "echo second", "echo fourth"])


def test_a_page_opened_in_the_middle_goes_on_from_there(chat: ChatPage, freeze: Freeze) -> None:
    chat.send("slow long 400")
    expect(chat.turns.last.locator(".prose")).to_contain_text("This is a long answer")
    thaw = freeze()
    chat.send("echo next")
    expect(chat.chips).to_contain_text(["echo next"])
    chat.page.reload()
    expect(chat.chips).to_contain_text(["echo next"])
    thaw()
    expect(chat.turns).to_have_count(2)
    expect(chat.turns.first).to_have_attribute("data-status", "completed")
    expect(chat.turns.last.locator(".prose")).to_have_text("next")
    expect(chat.questions.last).to_contain_text("echo next")


def test_tools_show_what_they_were_given_and_what_came_back(chat: ChatPage) -> None:
    turn = chat.ask("loop 2")
    tools = turn.locator(".tool")
    expect(tools).to_have_count(2)
    expect(tools.last).not_to_have_attribute("open", "")
    tools.last.locator("summary").click()
    expect(tools.last.get_by_role("region", name="Arguments")).to_be_visible()
    expect(tools.last.get_by_role("region", name="Result")).to_be_visible()
    expect(turn).to_contain_text("3 iterations")


def test_a_running_turn_counts_its_iterations(chat: ChatPage, hold: Hold) -> None:
    release = hold("iteration-test")
    chat.send("echo iteration-test")
    expect(chat.turns.last).to_contain_text("iteration 1/15")
    expect(chat.turns.last).to_have_attribute("aria-busy", "true")
    release()
    expect(chat.turns.last.locator(".prose")).to_have_text("iteration-test")


def test_a_failed_turn_says_why_and_can_be_tried_again(chat: ChatPage) -> None:
    turn = chat.ask("fault auth_401")
    expect(turn).to_contain_text("Failed – Sandbox did not let us in")
    expect(turn.get_by_role("button", name="Copy details")).to_be_visible()
    chat.page.reload()
    expect(chat.turns.last).to_contain_text("Failed – Sandbox did not let us in")
    first = chat.turns.last.get_attribute("data-turn")
    chat.turns.last.get_by_role("button", name="Retry").click()
    expect(chat.page.locator(f'[data-turn="{first}"]')).to_have_count(0)
    expect(chat.turns).to_have_count(1)
    expect(chat.turns.last).to_have_attribute("data-status", "failed")


def test_an_answer_that_breaks_off_is_kept(chat: ChatPage) -> None:
    turn = chat.ask("fault eof")
    expect(turn).to_contain_text("You asked for the fault")
    expect(turn).to_contain_text("Failed – ")


def test_regenerate_puts_another_answer_beside_the_first(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.ask("echo two")
    chat.turns.first.get_by_role("button", name="Regenerate").click()
    expect(chat.turns).to_have_count(1)
    expect(chat.turns.first).to_contain_text("2/2")
    chat.page.get_by_role("button", name="Previous answer").click()
    expect(chat.page.get_by_text("An earlier version, to read.")).to_be_visible()
    expect(chat.turns.locator(".prose")).to_have_text(["one", "two"])
    chat.page.get_by_role("button", name="Back to the current one").click()
    expect(chat.turns).to_have_count(1)


def test_an_edited_question_is_asked_again(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.questions.first.get_by_role("button", name="Edit").click()
    editor = chat.questions.first.get_by_label("Your message")
    editor.fill("echo changed")
    chat.page.get_by_role("button", name="Ask again").click()
    expect(chat.turns.locator(".prose")).to_have_text(["changed"])
    expect(chat.questions.first).to_contain_text("2/2")


def test_a_long_conversation_says_what_was_not_sent(chat: ChatPage) -> None:
    filler = "lorem ipsum dolor sit amet " * 260
    for n in range(6):
        chat.ask(f"echo part {n} {filler}")
    divider = chat.page.locator(".divider")
    expect(divider).to_have_count(1)
    words = divider.locator("summary").inner_text()
    assert re.fullmatch(r"\d+ earlier messages not sent \([\d,]+ tokens\)", words)
    chat.page.reload()
    expect(divider.locator("summary")).to_have_text(words)


def test_copy_gives_the_text_as_it_was_written(chat: ChatPage, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = chat.ask("echo some **bold** words\n\n```python\nx = 1\n```")
    turn.locator(".turn-actions").get_by_role("button", name="Copy", exact=True).click()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "some **bold** words\n\n```python\nx = 1\n```"
    turn.locator("figure").get_by_role("button", name="Copy").click()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "x = 1\n"


def test_a_message_that_is_too_long_stays_in_the_field(chat: ChatPage) -> None:
    chat.field.fill("x" * 400_001)
    chat.field.press("Enter")
    expect(chat.page.locator("[data-composer-note]")).to_contain_text("at most 400,000 can be sent")
    expect(chat.questions).to_have_count(0)
    assert len(chat.field.input_value()) == 400_001


def test_a_first_message_that_was_not_sent_outlives_the_page(chat: ChatPage, noise: Noise) -> None:
    noise.expect("503")
    chat.page.route("**/api/v1/conversations", lambda route: route.fulfill(status=503, body="{}"))
    chat.send("echo important")
    expect(chat.questions.last).to_contain_text("Not sent.")
    chat.page.reload()
    expect(chat.field).to_have_value("echo important")
    expect(chat.questions).to_have_count(0)
    chat.page.reload()
    expect(chat.field).to_have_value("echo important")


def test_a_chat_that_cannot_be_made_keeps_the_message(chat: ChatPage, noise: Noise) -> None:
    noise.expect("503")
    chat.page.route("**/api/v1/conversations", lambda route: route.fulfill(status=503, body="{}"))
    chat.send("echo important")
    expect(chat.questions.last).to_contain_text("Not sent.")
    chat.page.unroute("**/api/v1/conversations")
    chat.page.get_by_role("button", name="Retry").click()
    expect(chat.turns.locator(".prose")).to_have_text(["important"])


def test_the_end_stays_in_sight_unless_the_reader_scrolls_away(chat: ChatPage) -> None:
    chat.ask("long 1500")
    from_end = """() => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector("[data-scroller]");
      return scrollHeight - scrollTop - clientHeight;
    }"""
    assert chat.page.evaluate(from_end) <= 1
    expect(chat.page.get_by_role("button", name="Jump to latest")).to_be_hidden()
    chat.page.locator("[data-scroller]").hover()
    chat.page.mouse.wheel(0, -900)
    expect(chat.page.get_by_role("button", name="Jump to latest")).to_be_visible()
    chat.page.get_by_role("button", name="Jump to latest").click()
    assert chat.page.evaluate(from_end) <= 1
