"""The settings tab is a plain form: without any script it does the same."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from agents.models import LanguageModel
from agents.settings_resolution import effective, save
from tests.chat.stage import Stage
from tests.e2e.conftest import SignIn


@pytest.fixture
def plain(browser: Browser, stage: Stage, sign_in: SignIn) -> tuple[Page, User]:
    context = browser.new_context(java_script_enabled=False)
    user = sign_in(context)
    page = context.new_page()
    page.goto(f"{stage.origin}/settings/?provider=sandbox&model=sandbox-claude")
    return page, user


def test_saving_resetting_and_choosing_work(plain: tuple[Page, User]) -> None:
    page, user = plain
    claude = LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")
    for control in page.locator("[data-slider], [data-fill], [data-leave], [data-old-settings]").all():
        expect(control).to_be_hidden()

    page.get_by_label("Temperature", exact=True).fill("0.2")
    page.locator("summary", has_text="Advanced").click()
    page.get_by_label("Max Age: a number").check()
    page.get_by_label("Max Age", exact=True).fill("45")
    page.get_by_label("Max Iterations", exact=True).press("Enter")
    expect(page.get_by_text("Saved. It applies from the next turn on.")).to_be_visible()
    stored = effective(user=user, model=claude).stored
    assert (stored.temperature, stored.max_age_minutes) == (0.2, 45)

    page.get_by_label("Max Iterations", exact=True).fill("26")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Max Iterations must be a whole number from 1 to 25.")).to_be_visible()
    page.get_by_role("link", name="Discard").click()
    page.get_by_role("button", name="Reset to 0.7, Temperature").click()
    expect(page.get_by_text("Reset: Temperature 0.2 → 0.7.")).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    assert effective(user=user, model=claude).stored.max_age_minutes == 0

    page.get_by_label("Model", exact=True).select_option("sandbox-gpt")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Max Output Tokens", exact=True)).to_have_value("16384")


def test_a_conflict_and_a_copy_work(plain: tuple[Page, User]) -> None:
    page, user = plain
    claude = LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")
    save(user=user, model=claude, changes={"temperature": 0.9})
    page.get_by_label("Temperature", exact=True).fill("0.3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("0.9 is saved now")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("summary", has_text="Copy to other models").click()
    page.get_by_label(re.compile(r"Sandbox GPT(?!,)")).check()
    page.get_by_role("button", name="Copy to chosen models").click()
    expect(page.get_by_text("Copied to Sandbox GPT")).to_be_visible()
