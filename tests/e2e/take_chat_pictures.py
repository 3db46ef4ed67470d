"""Takes the pictures of README and docs/agents.md anew, from real runs. It is no test: run it by its name,

DJANGO_ALLOW_ASYNC_UNSAFE=true .venv/bin/python -m pytest tests/e2e/take_chat_pictures.py

and make them smaller: pngquant --force --ext .png --nofs docs/images/chat.png docs/images/agents-*.png
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from django.conf import settings
from playwright.sync_api import Locator, expect

from accounts.models import User
from tests.e2e.chat_page import ChatPage
from tests.e2e.test_chat_page_context import inspector, meter_button
from tests.e2e.test_investigation import begin

IMAGES = Path(settings.BASE_DIR) / "docs" / "images"
TIGHT = "Sandbox Claude, 40k/min"


def look(chat: ChatPage, *, width: int, height: int, theme: Literal["light", "dark"]) -> None:
    chat.page.set_viewport_size({"width": width, "height": height})
    chat.page.emulate_media(color_scheme=theme, reduced_motion="reduce")


def take(chat: ChatPage, name: str) -> None:
    chat.page.mouse.move(0, 0)
    chat.page.screenshot(path=IMAGES / f"{name}.png")


def show_from(turn: Locator, *, above: int) -> None:
    """With so many pixels of what comes before it."""
    turn.evaluate(
        """(turn, above) => {
            let box = turn.parentElement;
            while (box.scrollHeight <= box.clientHeight) box = box.parentElement;
            box.scrollTop += turn.getBoundingClientRect().top - box.getBoundingClientRect().top - above;
        }""",
        above,
    )


def test_take_the_picture_of_the_readme(chat: ChatPage, reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(is_staff=True)
    look(chat, width=1360, height=860, theme="light")
    chat.pick_model(TIGHT)
    chat.ask(begin(chat, "datadog-champion"))
    chat.page.get_by_role("link", name="New chat").click()
    question = begin(chat, "api-correlator")
    chat.pick_model(TIGHT)
    chat.ask("Is every order reserved in the inventory?")
    chat.ask("long 900 about waiting")
    turn = chat.ask(question)
    meter_button(chat).click()
    expect(inspector(chat)).to_be_visible()
    show_from(turn, above=120)
    take(chat, "chat")


def test_take_the_pictures_of_the_agents(chat: ChatPage) -> None:
    look(chat, width=1100, height=1_500, theme="light")
    turn = chat.ask(begin(chat, "datadog-champion"))
    turn.locator(".tool summary").nth(4).click()
    show_from(turn, above=90)
    take(chat, "agents-datadog-champion")
    look(chat, width=1100, height=1_500, theme="dark")
    chat.page.get_by_role("link", name="New chat").click()
    turn = chat.ask(begin(chat, "api-correlator"))
    show_from(turn, above=90)
    take(chat, "agents-api-correlator")
