"""Many conversations, tabs and people around one chat page: lists, drafts, sign-out, keys."""

from __future__ import annotations

from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from agents.models import AgentCopy
from chat import conversations
from chat.models import Branch, Conversation, Message
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import SignIn


def test_the_draft_is_kept_for_each_conversation(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.field.fill("unfinished thought")
    chat.page.reload()
    expect(chat.field).to_have_value("unfinished thought")
    chat.open("/")
    expect(chat.field).to_have_value("")
    chat.page.go_back()
    expect(chat.field).to_have_value("unfinished thought")


def test_signing_out_leaves_nothing_in_the_browser(chat: ChatPage) -> None:
    chat.field.fill("a secret draft")
    chat.page.get_by_label("Your menu").click()
    chat.page.get_by_role("button", name="Sign out").click()
    chat.page.wait_for_url("**/login/**")
    assert chat.page.evaluate("JSON.stringify(localStorage)") == "{}"


def test_a_session_that_ends_elsewhere_keeps_the_draft(chat: ChatPage, reader: User, context: BrowserContext) -> None:
    chat.ask("echo one")
    path = chat.path
    chat.field.fill("not lost")
    reader.set_password("another one entirely")
    reader.save()
    chat.page.wait_for_url("**/login/?next=*")
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": chat.origin}])
    chat.open(path)
    expect(chat.field).to_have_value("not lost")


def test_rename_and_delete(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.row_action(chat.rows.first, "Rename")
    chat.page.get_by_label("Title").fill("<b>Budget</b> & plans")
    chat.page.keyboard.press("Enter")
    expect(chat.rows.first.locator("a")).to_have_text("<b>Budget</b> & plans")
    expect(chat.page.locator("[data-chat-title]")).to_have_text("<b>Budget</b> & plans")
    chat.row_action(chat.rows.first, "Delete")
    expect(chat.page.get_by_role("dialog")).to_contain_text("<b>Budget</b> & plans")
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    chat.page.wait_for_url(f"{chat.origin}/")
    expect(chat.rows).to_have_count(0)


def test_the_list_goes_on_when_asked(chat: ChatPage, reader: User) -> None:
    for n in range(60):
        conversations.create(reader, title=f"conversation {n}")
    chat.open("/")
    expect(chat.rows).to_have_count(50)
    chat.page.get_by_role("button", name="Show more").click()
    expect(chat.rows).to_have_count(60)
    expect(chat.page.get_by_role("button", name="Show more")).to_have_count(0)
    chat.ask("echo one")
    expect(chat.rows.first.locator("a")).to_have_text("echo one")
    expect(chat.rows).to_have_count(60)
    expect(chat.page.get_by_role("button", name="Show more")).to_have_count(1)


def test_older_messages_come_when_asked_and_move_nothing(chat: ChatPage, reader: User) -> None:
    conversation = conversations.create(reader, title="A long one")
    branch = Branch.objects.create(conversation=conversation)
    rows = [
        Message(
            conversation=conversation,
            branch=branch,
            position=n,
            role="user" if n % 2 == 0 else "assistant",
            parts=[{"kind": "text", "text": f"number {n}."}],
        )
        for n in range(230)
    ]
    for row, parent in zip(rows[1:], rows, strict=False):
        row.parent_id = parent.pk
    Message.objects.bulk_create(rows)
    Conversation.objects.filter(pk=conversation.pk).update(active_branch=branch)
    chat.open(f"/c/{conversation.pk}/")
    expect(chat.turns).to_have_count(100)
    expect(chat.questions.first).to_contain_text("number 30.")
    chat.page.locator("[data-scroller]").evaluate("(scroller) => scroller.scrollTo(0, 0)")
    before = chat.questions.first.bounding_box()
    chat.page.get_by_role("button", name="Show earlier messages").click()
    expect(chat.turns).to_have_count(115)
    expect(chat.questions.first).to_contain_text("number 0.")
    after = chat.questions.nth(15).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 40
    expect(chat.page.get_by_role("button", name="Show earlier messages")).to_be_hidden()


def test_the_model_and_agent_of_a_conversation_are_kept(chat: ChatPage) -> None:
    chat.pick_model("Sandbox GPT")
    chat.page.get_by_label("Agent", exact=True).select_option(label="API Correlator")
    expect(chat.page.get_by_role("heading", name="API Correlator")).to_be_visible()
    turn = chat.ask("echo one")
    expect(turn).to_contain_text("Sandbox GPT")
    chat.page.reload()
    assert chat.page.get_by_label("Model", exact=True).locator("option:checked").inner_text() == "Sandbox GPT"
    assert chat.page.get_by_label("Agent", exact=True).locator("option:checked").inner_text() == "API Correlator"
    with chat.page.expect_response("**/api/v1/conversations/*") as answer:
        chat.pick_model("Sandbox Claude")
    assert answer.value.ok
    expect(chat.ask("echo two")).to_contain_text("Sandbox Claude")


def test_another_tab_follows_along(chat: ChatPage, context: BrowserContext) -> None:
    chat.ask("echo one")
    other = ChatPage(page=context.new_page(), origin=chat.origin)
    other.open(chat.path)
    chat.ask("echo two")
    expect(other.turns.locator(".prose")).to_have_text(["one", "two"])
    expect(other.questions).to_contain_text(["echo one", "echo two"])
    other.open("/")
    chat.ask("echo three")
    expect(other.page.get_by_text("“echo one” has its answer.")).to_be_visible()


def test_nobody_opens_anothers_conversation(chat: ChatPage, browser: Browser, sign_in: SignIn) -> None:
    chat.ask("echo one")
    stranger = browser.new_context()
    sign_in(stranger)
    page: Page = stranger.new_page()
    response = page.goto(chat.origin + chat.path)
    assert response is not None
    assert response.status == 404
    stranger.close()


def test_the_keys_work(chat: ChatPage) -> None:
    chat.ask("echo one")
    chat.page.locator("[data-scroller]").focus()
    chat.page.keyboard.press("/")
    expect(chat.field).to_be_focused()
    expect(chat.field).to_have_value("")
    chat.page.keyboard.press("Control+/")
    expect(chat.page.get_by_role("dialog", name="Keys and reading")).to_be_visible()
    chat.page.get_by_label("Single keys").uncheck()
    chat.page.keyboard.press("Escape")
    chat.page.locator("[data-scroller]").focus()
    chat.page.keyboard.press("/")
    expect(chat.field).not_to_be_focused()
    chat.page.keyboard.press("Shift+Escape")
    expect(chat.field).to_be_focused()
    chat.page.keyboard.press("Control+Shift+O")
    chat.page.wait_for_url(f"{chat.origin}/")


def test_a_conversation_whose_agent_is_switched_off_says_so_and_takes_another(chat: ChatPage) -> None:
    chat.page.get_by_label("Agent", exact=True).select_option(label="Datadog Champion")
    chat.ask("echo one")
    AgentCopy.objects.create(slug="datadog-champion", based_on="datadog-champion", enabled=False)
    chat.page.reload()
    agents = chat.page.get_by_label("Agent", exact=True)
    expect(agents.locator("option:checked")).to_have_text("datadog-champion (switched off)")
    chat.send("echo two")
    expect(chat.page.get_by_text("The agent Datadog Champion is switched off.").first).to_be_visible()
    expect(chat.page.get_by_text("echo two").first).to_be_visible()
    agents.select_option(label="Smart Agent")
    chat.ask("echo three")
