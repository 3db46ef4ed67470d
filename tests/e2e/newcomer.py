"""Who has just started the server and opens the link that it printed."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.chat_page import ChatPage
from tests.serving import Served

PASSWORD = "countess of lovelace"


def make_the_first_account(page: Page, served: Served) -> ChatPage:
    """Lands in the chat, as the admin that the account is."""
    assert served.setup_link is not None
    page.goto(served.setup_link)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("link", name="Go on with the sandbox").click()
    page.wait_for_url(f"{served.address}/")
    chat = ChatPage(page=page, origin=served.address)
    expect(chat.field).to_be_visible()
    return chat
