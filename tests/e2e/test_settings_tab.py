"""The settings tab as a person uses it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, RatePool
from agents.settings_resolution import effective, save
from tests.e2e.conftest import Noise
from tests.e2e.settings_tab import SettingsTab

NAME_OF_FOCUSED = """() => {
  const { labels, ariaLabel, innerText } = document.activeElement;
  return labels?.[0]?.innerText ?? ariaLabel ?? innerText;
}"""


@pytest.fixture
def tab(signed_in_page: Page, live_server_url: str) -> SettingsTab:
    return SettingsTab(page=signed_in_page, origin=live_server_url).open()


@pytest.fixture
def claude(tab: SettingsTab) -> LanguageModel:
    return LanguageModel.objects.select_related("provider", "pool").get(model_id="sandbox-claude")


def test_a_slider_stops_on_its_grid_and_at_both_ends(tab: SettingsTab) -> None:
    number, slider = tab.number("Max Output Tokens"), tab.slider("Max Output Tokens")
    expect(number).to_have_value("8192")
    for key, value in [
        ("ArrowRight", "8704"),
        ("ArrowLeft", "8192"),
        ("Home", "1000"),
        ("ArrowUp", "1024"),
        ("ArrowUp", "1536"),
        ("ArrowDown", "1024"),
        ("ArrowDown", "1000"),
        ("End", "100000"),
        ("ArrowRight", "100000"),
        ("ArrowLeft", "99840"),
        ("PageDown", "94720"),
    ]:
        slider.press(key)
        expect(number).to_have_value(value)
        expect(slider).to_have_attribute("aria-valuetext", f"{value} tokens")
    box = slider.bounding_box()
    assert box is not None
    for x, value in [(box["width"] - 1, "100000"), (1, "1000")]:
        tab.page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
        expect(number).to_have_value(value)


def test_a_narrowed_slider_stops_at_its_own_ends(tab: SettingsTab) -> None:
    stops = """async () => {
      const { stopsOf } = await import("/static/js/settings/stops.js");
      return [[2000, 4000], [2048, 2048]].map(([min, max]) => stopsOf({ min, max, from: 1024, step: 512 }));
    }"""
    assert tab.page.evaluate(stops) == [[2000, 2048, 2560, 3072, 3584, 4000], [2048]]


def test_the_number_moves_the_slider_and_is_never_rounded_to_it(tab: SettingsTab) -> None:
    tab.number("Max Output Tokens").fill("12345")
    expect(tab.slider("Max Output Tokens")).to_have_value("12345")
    tab.number("Temperature").fill("0.75")
    tab.save()
    expect(tab.number("Max Output Tokens")).to_have_value("12345")
    expect(tab.number("Temperature")).to_have_value("0.75")
    tab.save_button.click()
    expect(tab.state).to_have_text("Nothing was changed, so nothing was saved.")
    expect(tab.number("Temperature")).to_have_value("0.75")


@pytest.mark.parametrize(("model", "tokens"), [("sandbox-claude", "8192"), ("sandbox-gpt", "16384")])
def test_opening_and_saving_writes_nothing(tab: SettingsTab, reader: User, model: str, tokens: str) -> None:
    tab.open(model)
    expect(tab.number("Max Output Tokens")).to_have_value(tokens)
    tab.save_button.click()
    expect(tab.state).to_have_text("Nothing was changed, so nothing was saved.")
    expect(tab.number("Max Output Tokens")).to_have_value(tokens)
    expect(tab.reset_all_button).to_be_disabled()
    assert not AgentConfig.objects.filter(user=reader).exists()


def test_unsaved_changes_are_counted_and_can_be_discarded(tab: SettingsTab) -> None:
    discard = tab.page.get_by_role("link", name="Discard")
    expect(discard).to_be_hidden()
    tab.slider("Max Iterations").press("ArrowLeft")
    expect(tab.number("Max Iterations")).to_have_value("14")
    expect(tab.state).to_have_text("1 unsaved change")
    expect(tab.card("max_iterations").get_by_text("not saved yet")).to_be_visible()
    tab.number("Temperature").fill("0.2")
    expect(tab.state).to_have_text("2 unsaved changes")
    tab.number("Max Iterations").fill("15")
    expect(tab.state).to_have_text("1 unsaved change")
    discard.click()
    expect(tab.state).to_have_text("All saved")
    expect(tab.number("Temperature")).to_have_value("0.7")


def test_a_value_out_of_range_is_told_before_it_is_sent(tab: SettingsTab) -> None:
    error = tab.page.get_by_text("Max Iterations must be a whole number from 1 to 25.")
    for value in ("26", "0", "2.5", ""):
        tab.number("Max Iterations").fill(value)
        expect(error).to_be_visible()
    tab.number("Max Iterations").fill("15")
    expect(error).to_be_hidden()


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_mistake(tab: SettingsTab, noise: Noise) -> None:
    noise.expect("422")
    tab.number("Temperature").fill("0.2")
    tab.number("Max Iterations").fill("26")
    tab.save_button.click()
    expect(tab.number("Max Iterations")).to_be_focused()
    expect(tab.number("Max Iterations")).to_have_attribute("aria-invalid", "true")
    expect(tab.number("Temperature")).to_have_value("0.2")
    expect(tab.state).to_have_text("2 unsaved changes")


def test_a_recommended_value_is_one_press_away(tab: SettingsTab) -> None:
    preset = tab.page.get_by_role("button", name="0.2 facts and tools")
    expect(preset).to_have_attribute("aria-pressed", "false")
    preset.click()
    expect(tab.number("Temperature")).to_have_value("0.2")
    expect(preset).to_have_attribute("aria-pressed", "true")


def test_no_cap_or_a_number(tab: SettingsTab, reader: User, claude: LanguageModel) -> None:
    tab.unfold("Advanced")
    tab.card("last_messages").get_by_label("No cap").check()
    tab.number("Max Age").fill("30")
    expect(tab.card("max_age_minutes").get_by_label("Max Age: a number")).to_be_checked()
    expect(tab.state).to_have_text("2 unsaved changes")
    tab.save()
    stored = effective(user=reader, model=claude).stored
    assert (stored.last_messages, stored.max_age_minutes) == (0, 30)
    expect(tab.card("last_messages").get_by_label("No cap")).to_be_visible()
    expect(tab.card("last_messages").get_by_label("No cap")).to_be_checked()


def test_what_a_value_means_is_told_while_it_is_typed(tab: SettingsTab, claude: LanguageModel) -> None:
    pool = RatePool.objects.create(provider=claude.provider, name="typed", input_tokens_per_minute=40_000)
    LanguageModel.objects.filter(pk=claude.pk).update(pool=pool)
    tab.open()
    meaning = tab.card("max_output_tokens").locator(".meaning")
    expect(meaning).to_contain_text("8,192 tokens against 40,000/min: about 4 calls a minute before waiting")
    tab.number("Max Output Tokens").fill("20000")
    expect(meaning).to_contain_text("20,000 tokens against 40,000/min: about 2 calls a minute")
    tab.number("Max Output Tokens").fill("50000")
    expect(meaning).to_contain_text("more than a whole minute allows")
    tab.number("Temperature").fill("1.5")
    expect(tab.card("temperature")).to_contain_text("limited by the model: 1.0")
    expect(tab.number("Temperature")).to_have_value("1.5")
    tab.unfold("Advanced")
    expect(tab.card("context_token_limit")).to_contain_text("As Max Output Tokens says 50,000")
    pool.delete()


def test_reset_of_one_value_and_of_all(tab: SettingsTab, reader: User, claude: LanguageModel) -> None:
    save(user=reader, model=claude, changes={"temperature": 0.3, "max_iterations": 9})
    tab.open()
    tab.number("Max Output Tokens").fill("9000")
    tab.page.get_by_role("button", name="Reset to 0.7, Temperature").click()
    expect(tab.state).to_contain_text("Reset: Temperature 0.3 → 0.7.")
    expect(tab.state).to_contain_text("1 unsaved change")
    expect(tab.number("Max Output Tokens")).to_have_value("9000")
    expect(tab.number("Max Iterations")).to_have_value("9")
    tab.reset_all_button.click()
    expect(tab.state).to_contain_text("Reset: Max Iterations 9 → 15.")
    expect(tab.number("Max Output Tokens")).to_have_value("8192")
    expect(tab.reset_all_button).to_be_disabled()


def test_ones_settings_can_be_copied_to_another_model(tab: SettingsTab, reader: User, claude: LanguageModel) -> None:
    save(user=reader, model=claude, changes={"temperature": 0.3})
    tab.open()
    tab.unfold("Copy to other models")
    tab.page.get_by_label(re.compile(r"Sandbox GPT(?!,)")).check()
    tab.page.get_by_role("button", name="Copy to chosen models").click()
    expect(tab.state).to_contain_text("Copied to Sandbox GPT: Temperature 0.3.")
    tab.open("sandbox-gpt")
    expect(tab.number("Temperature")).to_have_value("0.3")


def test_choosing_a_model_shows_it_at_once_and_loses_nothing(tab: SettingsTab) -> None:
    picker = tab.page.get_by_label("Model", exact=True)
    tab.number("Temperature").fill("0.2")
    picker.select_option("sandbox-gpt")
    dialog = tab.page.get_by_role("dialog")
    expect(dialog).to_contain_text("What you changed for Sandbox Claude is not saved yet.")
    dialog.get_by_role("button", name="Stay").click()
    expect(picker).to_have_value("sandbox-claude")
    expect(tab.number("Temperature")).to_have_value("0.2")
    picker.select_option("sandbox-gpt")
    dialog.get_by_role("button", name="Discard changes").click()
    expect(tab.number("Max Output Tokens")).to_have_value("16384")
    picker.select_option("sandbox-claude")
    expect(tab.number("Max Output Tokens")).to_have_value("8192")


def test_leaving_the_page_with_unsaved_changes_asks_first(tab: SettingsTab) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    tab.page.on("dialog", leave)
    tab.number("Temperature").fill("0.2")
    tab.page.get_by_role("link", name="Chat", exact=True).click()
    tab.page.wait_for_url(f"{tab.origin}/")
    assert asked == ["beforeunload"]


def test_the_page_stays_where_it_was(tab: SettingsTab) -> None:
    tab.page.set_viewport_size({"width": 1000, "height": 500})
    tab.number("Max Iterations").fill("9")
    top = tab.page.evaluate("scrollY")
    assert top > 200
    tab.number("Max Iterations").press("Enter")
    expect(tab.state).to_have_text("Saved. It applies from the next turn on.")
    expect(tab.number("Max Iterations")).to_be_focused()
    assert abs(tab.page.evaluate("scrollY") - top) < 50


def test_everything_by_keyboard_alone(tab: SettingsTab, reader: User, claude: LanguageModel) -> None:
    def tab_to(label: str) -> None:
        for _ in range(60):
            tab.page.keyboard.press("Tab")
            if (tab.page.evaluate(NAME_OF_FOCUSED) or "").strip() == label:
                return
        raise AssertionError(f"{label} cannot be reached")

    tab_to("Max Output Tokens, slider")
    tab.page.keyboard.press("ArrowRight")
    tab_to("Temperature")
    tab.page.keyboard.press("ArrowDown")
    tab_to("Max Iterations, slider")
    tab.page.keyboard.press("Home")
    tab_to("Save")
    tab.page.keyboard.press("Enter")
    expect(tab.state).to_have_text("Saved. It applies from the next turn on.")
    stored = effective(user=reader, model=claude).stored
    assert (stored.max_output_tokens, stored.temperature, stored.max_iterations) == (8_704, 0.6, 1)


def test_enter_in_a_field_saves(tab: SettingsTab, reader: User, claude: LanguageModel) -> None:
    save(user=reader, model=claude, changes={"temperature": 0.3})
    tab.open()
    tab.number("Max Iterations").fill("7")
    tab.number("Max Iterations").press("Enter")
    expect(tab.state).to_have_text("Saved. It applies from the next turn on.")
    stored = effective(user=reader, model=claude).stored
    assert (stored.temperature, stored.max_iterations) == (0.3, 7)
