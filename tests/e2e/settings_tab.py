"""The tab "Agent Config" as its user sees it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True, kw_only=True)
class SettingsTab:
    page: Page
    origin: str

    def open(self, model: str = "sandbox-claude") -> SettingsTab:
        self.page.goto(f"{self.origin}/settings/?provider=sandbox&model={model}")
        expect(self.state).to_have_text("All saved")
        return self

    def number(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def slider(self, label: str) -> Locator:
        return self.page.get_by_label(f"{label}, slider")

    def card(self, name: str) -> Locator:
        return self.page.locator("[data-setting]", has=self.page.locator(f"#id_{name}"))

    @property
    def state(self) -> Locator:
        return self.page.locator("[data-saved-state]")

    @property
    def save_button(self) -> Locator:
        return self.page.get_by_role("button", name="Save", exact=True)

    @property
    def reset_all_button(self) -> Locator:
        return self.page.get_by_role("button", name="Reset all")

    def unfold(self, heading: str) -> None:
        fold = self.page.locator("details", has=self.page.get_by_role("heading", name=heading))
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()

    def save(self) -> None:
        self.save_button.click()
        expect(self.state).to_have_text("Saved. It applies from the next turn on.")
