"""The settings tab fits, can be read and can be reached: at any width, in both themes, in every state."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from agents.models import LanguageModel, Provider, RatePool, SettingRule, Wire
from agents.settings_resolution import save
from tests.e2e.accessibility import serious_faults
from tests.e2e.conftest import Noise
from tests.e2e.settings_tab import SettingsTab


@pytest.fixture
def everything(signed_in_page: Page, reader: User, live_server_url: str, noise: Noise) -> SettingsTab:
    """One of everything: a rate limit, values of every layer, a lock, a range, a limit of the model, a conflict, a
    mistake, all folds open."""
    noise.expect("409 (Conflict)")
    provider = Provider.objects.get(slug="sandbox")
    pool, _ = RatePool.objects.get_or_create(
        provider=provider, name="look", defaults={"input_tokens_per_minute": 40_000}
    )
    model, _ = LanguageModel.objects.get_or_create(
        provider=provider,
        model_id="claude-opus-5",
        defaults={
            "name": "A model with quite a long name, 2026-11-22, for the look of things",
            "wire": Wire.ANTHROPIC_MESSAGES,
            "context_window": 1_000_000,
            "max_output_tokens": 128_000,
            "pool": pool,
        },
    )
    SettingRule.objects.get_or_create(model=model, setting="max_iterations", defaults={"locked": True})
    SettingRule.objects.get_or_create(model=model, setting="last_messages", defaults={"locked": True})
    save(user=None, model=model, changes={"temperature": 0.4, "max_output_tokens": 60_000})
    save(user=reader, model=model, changes={"temperature": 0.2, "max_age_minutes": 90})
    tab = SettingsTab(page=signed_in_page, origin=live_server_url).open("claude-opus-5")
    save(user=reader, model=model, changes={"temperature": 0.3, "context_token_limit": 70_000})
    tab.number("Temperature").fill("1.9")
    tab.save_button.click()
    expect(tab.page.get_by_text("Changed elsewhere while you were here")).to_be_visible()
    for fold in ("Advanced", "Differences", "Copy"):
        tab.unfold(fold)
    tab.number("Max Output Tokens").fill("7")
    expect(tab.page.get_by_text("must be a whole number from 1,000 to 100,000")).to_be_visible()
    return tab


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_serious_fault_in_any_state(everything: SettingsTab, theme: Literal["light", "dark"], width: int) -> None:
    everything.page.set_viewport_size({"width": width, "height": 800})
    everything.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    assert serious_faults(everything.page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_scrolls_sideways(everything: SettingsTab, width: int) -> None:
    everything.page.set_viewport_size({"width": width, "height": 640})
    wide = """() => [document.documentElement, ...document.querySelectorAll("main *")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .filter((element) => element.checkVisibility() && getComputedStyle(element).display !== "inline")
      .filter((element) => !element.closest("select, .unseen, svg, input"))
      .map((element) => `${element.className || element.nodeName}: ${element.scrollWidth} in ${element.clientWidth}`)"""
    assert everything.page.evaluate(wide) == []
    assert everything.page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_that_is_pressed_is_large_enough(everything: SettingsTab) -> None:
    small = """() => [...document.querySelectorAll("main :is(button, a, summary, select, input, label.choice)")]
      .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
      .filter((element) => !element.matches("[type=radio], [type=checkbox]"))
      .map((element) => [element, element.getBoundingClientRect()])
      .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
      .map(([element, box]) => `${element.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`)"""
    assert everything.page.evaluate(small) == []


def test_the_bar_never_covers_what_has_the_focus(everything: SettingsTab) -> None:
    everything.page.set_viewport_size({"width": 1000, "height": 420})
    covered = """() => {
      const active = document.activeElement;
      const bar = document.querySelector(".settings-bar").getBoundingClientRect();
      const isElsewhere = active.matches("body") || active.closest(".settings-bar, .header, .skip");
      return isElsewhere || active.getBoundingClientRect().bottom <= bar.top + 1 ? null : active.outerHTML.slice(0, 90);
    }"""
    everything.page.locator("#provider").focus()
    for _ in range(50):
        everything.page.keyboard.press("Tab")
        assert everything.page.evaluate(covered) is None
