"""The chat page as its user sees it: where things are, and what one does there."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True, kw_only=True)
class ChatPage:
    page: Page
    origin: str

    def open(self, path: str = "/") -> None:
        self.page.goto(self.origin + path)
        expect(self.field).to_be_visible()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.origin)

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("Message", exact=True)

    @property
    def transcript(self) -> Locator:
        return self.page.locator("[data-transcript]")

    @property
    def questions(self) -> Locator:
        return self.page.locator(".question")

    @property
    def turns(self) -> Locator:
        return self.page.locator("[data-turn]")

    @property
    def chips(self) -> Locator:
        return self.page.locator(".chip")

    @property
    def stop_button(self) -> Locator:
        return self.page.locator("[data-stop]")

    @property
    def rows(self) -> Locator:
        return self.page.locator("[data-conversation]:not(#chat)")

    @property
    def status(self) -> Locator:
        return self.page.locator("[data-announcer]")

    def pick_model(self, name: str) -> None:
        self.page.get_by_label("Model", exact=True).select_option(label=name)

    def send(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def ask(self, text: str) -> Locator:
        """Sends `text`, waits for the end of its turn and returns that turn."""
        before = self.turns.count()
        self.send(text)
        expect(self.turns).to_have_count(before + 1)
        turn = self.turns.last
        expect(turn).to_have_attribute("aria-busy", "false")
        return turn

    def row_action(self, row: Locator, name: str) -> None:
        row.hover()
        row.locator("summary").click()
        row.get_by_role("button", name=name).click()
