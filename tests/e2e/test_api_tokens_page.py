"""The API tokens page as a person uses it, and what revoking does to a program that is connected."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts.models import ApiToken, User
from tests.chat.stage import PATIENCE, Stage
from tests.e2e.accessibility import serious_faults


@pytest.fixture
def tokens(signed_in_page: Page, reader: User, live_server_url: str) -> Page:
    signed_in_page.goto(f"{live_server_url}/settings/tokens/")
    return signed_in_page


def make(page: Page, name: str = "nightly") -> str:
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("[data-token]").text_content()
    assert secret is not None
    return secret


def may(secret: str) -> bool:
    return Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_new_token_is_copied_with_one_press(tokens: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = make(tokens)
    tokens.get_by_role("button", name="Copy").click()
    expect(tokens.get_by_role("button", name="Copied")).to_be_visible()
    assert tokens.evaluate("navigator.clipboard.readText()") == secret
    assert may(secret)


def test_reloading_neither_shows_the_token_again_nor_makes_another(tokens: Page) -> None:
    secret = make(tokens)
    tokens.reload()
    expect(tokens.get_by_role("row", name=re.compile("nightly"))).to_have_count(1)
    assert secret not in tokens.content()
    assert ApiToken.objects.filter(prefix=secret[:11]).count() == 1


def test_a_mistaken_press_revokes_nothing(tokens: Page) -> None:
    secret = make(tokens)
    tokens.get_by_role("link", name="Revoke nightly").click()
    dialog = tokens.get_by_role("dialog", name="Revoke this token?")
    expect(dialog).to_contain_text("nightly")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    tokens.get_by_role("link", name="Revoke nightly").click()
    tokens.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert may(secret)


def test_revoking_closes_the_socket_of_a_connected_program(tokens: Page, stage: Stage) -> None:
    secret = make(tokens)
    make(tokens, "another")
    with connect(
        f"ws://{stage.address}/ws/v1/chat", additional_headers={"Authorization": f"Bearer {secret}"}, proxy=None
    ) as socket:
        assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "hello"
        tokens.get_by_role("link", name="Revoke nightly").click()
        tokens.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(tokens.get_by_text("refused from now on")).to_be_visible()
        assert not may(secret)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    expect(tokens.get_by_role("link", name="Revoke another")).to_be_visible()
    expect(tokens.get_by_role("link", name="Revoke nightly")).to_have_count(0)


def test_without_scripts_a_page_asks(browser: Any, reader: User, context: BrowserContext, live_server_url: str) -> None:
    plain = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = plain.new_page()
    page.goto(f"{live_server_url}/settings/tokens/")
    secret = make(page)
    page.get_by_role("link", name="Revoke nightly").click()
    expect(page.get_by_role("heading", name="Revoke this token?")).to_be_visible()
    assert may(secret)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("refused from now on")).to_be_visible()
    assert not may(secret)
    plain.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_serious_fault_and_nothing_scrolls_sideways(tokens: Page, theme: Any, width: int) -> None:
    tokens.set_viewport_size({"width": width, "height": 800})
    tokens.emulate_media(color_scheme=theme)

    def check() -> None:
        assert serious_faults(tokens) == []
        assert tokens.evaluate("document.documentElement.scrollWidth") == width

    check()
    make(tokens, "A very long name of a program " * 3)
    check()
    tokens.get_by_role("link", name="Revoke A very").click()
    check()
    tokens.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    tokens.get_by_text("Revoked and expired").click()
    check()
