"""Two tabs of one person that edit the same settings at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from agents.models import LanguageModel
from agents.settings_resolution import effective
from tests.e2e.conftest import Noise, SignIn
from tests.e2e.settings_tab import SettingsTab


@pytest.fixture
def tabs(
    context: BrowserContext, signed_in_page: Page, live_server_url: str, noise: Noise
) -> tuple[SettingsTab, SettingsTab]:
    """Both have read the same version; the first has saved since."""
    noise.expect("409 (Conflict)")
    first = SettingsTab(page=signed_in_page, origin=live_server_url).open()
    second = SettingsTab(page=context.new_page(), origin=live_server_url).open()
    first.number("Temperature").fill("0.9")
    first.number("Max Iterations").fill("12")
    first.save()
    return first, second


def stored(user: User) -> tuple[float | None, int]:
    values = effective(user=user, model=LanguageModel.objects.get(model_id="sandbox-claude")).stored
    return values.temperature, values.max_iterations


def test_the_later_one_sees_both_values_and_keeps_its_own(tabs: tuple[SettingsTab, SettingsTab], reader: User) -> None:
    _, second = tabs
    second.number("Temperature").fill("0.3")
    second.save_button.click()
    notice = second.page.get_by_text("Changed elsewhere while you were here, so nothing was saved.")
    expect(notice).to_be_in_viewport()
    expect(second.number("Temperature")).to_have_value("0.3")
    expect(second.card("temperature")).to_contain_text("it was 0.7 when you began, and 0.9 is saved now")
    expect(second.number("Max Iterations")).to_have_value("12")
    expect(second.card("max_iterations")).to_contain_text("15 before, 12 now")
    expect(second.state).to_have_text("1 unsaved change")
    assert stored(reader) == (0.9, 12)
    second.save()
    assert stored(reader) == (0.3, 12)


def test_the_others_value_can_be_taken(tabs: tuple[SettingsTab, SettingsTab], reader: User) -> None:
    _, second = tabs
    second.number("Temperature").fill("0.3")
    second.save_button.click()
    second.page.get_by_role("button", name="Take 0.9 instead").click()
    expect(second.number("Temperature")).to_have_value("0.9")
    expect(second.state).to_have_text("All saved")
    assert stored(reader) == (0.9, 12)


def test_a_tab_that_is_looked_at_again_shows_what_is_saved_now(tabs: tuple[SettingsTab, SettingsTab]) -> None:
    _, second = tabs
    second.number("Max Output Tokens").focus()
    look_at(second)
    expect(second.number("Temperature")).to_have_value("0.9")
    expect(second.number("Max Output Tokens")).to_be_focused()


def test_what_is_being_typed_stays_when_it_is_looked_at_again(tabs: tuple[SettingsTab, SettingsTab]) -> None:
    _, second = tabs
    second.number("Temperature").fill("0.3")
    with second.page.expect_response("**/preview/**"):
        second.number("Temperature").fill("0.4")
    look_at(second)
    second.page.wait_for_load_state("networkidle")
    expect(second.number("Temperature")).to_have_value("0.4")
    expect(second.state).to_have_text("1 unsaved change")


def look_at(tab: SettingsTab) -> None:
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_another_persons_settings_are_no_conflict(tabs: tuple[SettingsTab, SettingsTab], stranger: SettingsTab) -> None:
    stranger.number("Temperature").fill("0.1")
    stranger.save()
    expect(stranger.number("Max Iterations")).to_have_value("15")


@pytest.fixture
def stranger(
    new_context: Callable[..., BrowserContext], sign_in: SignIn, live_server_url: str, noise: Noise
) -> SettingsTab:
    context = new_context()
    sign_in(context)
    page = context.new_page()
    noise.listen_to(page)
    return SettingsTab(page=page, origin=live_server_url).open()
