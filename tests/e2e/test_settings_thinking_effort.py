"""The thinking effort in the settings tab: chosen, kept, taken back, without a mouse and in two tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from agents.models import LanguageModel, Provider, Wire
from agents.settings_resolution import effective, save
from tests.e2e.conftest import Noise
from tests.e2e.settings_tab import SettingsTab

EFFORT = "Thinking Effort"


@pytest.fixture
def thinker(reader: User) -> LanguageModel:
    model, _ = LanguageModel.objects.get_or_create(
        provider=Provider.objects.get(slug="sandbox"),
        model_id="claude-opus-4-6",
        defaults={
            "name": "Opus",
            "wire": Wire.ANTHROPIC_MESSAGES,
            "context_window": 1_000_000,
            "max_output_tokens": 128_000,
        },
    )
    return model


@pytest.fixture
def tab(signed_in_page: Page, live_server_url: str, thinker: LanguageModel) -> SettingsTab:
    tab = SettingsTab(page=signed_in_page, origin=live_server_url).open("claude-opus-4-6")
    tab.unfold("Advanced")
    return tab


def own(reader: User, model: LanguageModel) -> object:
    return effective(user=reader, model=model).settings["effort"].own


def test_it_is_chosen_saved_and_reset_by_keyboard(tab: SettingsTab, reader: User, thinker: LanguageModel) -> None:
    tab.number(EFFORT).focus()
    tab.page.keyboard.type("hi")
    expect(tab.number(EFFORT)).to_have_value("high")
    expect(tab.state).to_have_text("1 unsaved change")
    tab.save_button.press("Enter")
    expect(tab.state).to_have_text("Saved. It applies from the next turn on.")
    assert own(reader, thinker) == "high"
    expect(tab.card("effort")).to_contain_text("your setting")
    tab.page.get_by_role("button", name="Reset to the model's own default, Thinking Effort").press("Enter")
    expect(tab.number(EFFORT)).to_have_value("")
    assert own(reader, thinker) is None


def test_what_a_choice_means_is_told_before_it_is_saved(tab: SettingsTab, reader: User, thinker: LanguageModel) -> None:
    save(user=reader, model=thinker, changes={"effort": "xhigh"})
    tab.open("claude-opus-4-6")
    tab.unfold("Advanced")
    expect(tab.card("effort")).to_contain_text("not sent: this model has no effort “xhigh”")
    tab.number(EFFORT).select_option("low")
    expect(tab.card("effort")).not_to_contain_text("not sent: this model")
    tab.number(EFFORT).select_option("xhigh")
    expect(tab.state).to_have_text("All saved")


def test_a_change_elsewhere_is_a_conflict_and_can_be_taken(
    tab: SettingsTab, reader: User, thinker: LanguageModel, noise: Noise
) -> None:
    noise.expect("409 (Conflict)")
    tab.number(EFFORT).select_option("max")
    save(user=reader, model=thinker, changes={"effort": "low"})
    tab.save_button.click()
    expect(tab.page.get_by_text("low is saved now")).to_be_visible()
    expect(tab.number(EFFORT)).to_have_value("max")
    tab.page.get_by_role("button", name="Take low instead").click()
    expect(tab.number(EFFORT)).to_have_value("low")
    expect(tab.state).to_have_text("All saved")


def test_a_tab_that_is_looked_at_again_is_loaded_anew_only_for_a_reason(
    tab: SettingsTab, reader: User, thinker: LanguageModel
) -> None:
    tab.page.evaluate("window.sameDocument = true")
    with tab.page.expect_response("**/api/v1/agent-configs/**"):
        look_again(tab)
    tab.page.wait_for_load_state("networkidle")
    assert tab.page.evaluate("window.sameDocument")
    save(user=reader, model=thinker, changes={"effort": "low"})
    look_again(tab)
    expect(tab.number(EFFORT)).to_have_value("low")


def look_again(tab: SettingsTab) -> None:
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
