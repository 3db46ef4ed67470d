"""Takes the pictures of docs/settings.md anew, from the pages as they are. It is no test: run it by its name,

DJANGO_ALLOW_ASYNC_UNSAFE=true .venv/bin/python -m pytest tests/e2e/take_pictures.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from agents.models import LanguageModel, Provider, RatePool, SettingRule, Wire
from agents.settings_resolution import save
from tests.e2e.conftest import Noise
from tests.e2e.settings_tab import SettingsTab

IMAGES = Path(settings.BASE_DIR) / "docs" / "images"
ADDRESS = "/settings/?provider=anthropic&model="


@pytest.fixture
def tab(signed_in_page: Page, reader: User, live_server_url: str, noise: Noise) -> SettingsTab:
    """A person whose organisation has said something, too."""
    noise.expect("409 (Conflict)")
    Provider.objects.filter(slug="anthropic").update(auth=Provider.Auth.NONE)  # so that it is offered
    anthropic = Provider.objects.get(slug="anthropic")
    pool = RatePool.objects.create(
        provider=anthropic,
        name="sonnet",
        requests_per_minute=50,
        input_tokens_per_minute=40_000,
        output_tokens_per_minute=8_000,
    )
    sonnet = LanguageModel.objects.get(provider=anthropic, model_id="claude-sonnet-4-6")
    LanguageModel.objects.filter(pk=sonnet.pk).update(pool=pool)
    _model(anthropic, "claude-opus-5", "Claude Opus 5", pool=pool)
    _model(anthropic, "tiny", "A tiny model", context_window=712, max_output_tokens=356)
    SettingRule.objects.create(model=LanguageModel.objects.get(model_id="claude-haiku-4-5"), setting="temperature")
    SettingRule.objects.filter(setting="temperature").update(locked=True)
    save(user=None, model=sonnet, changes={"max_output_tokens": 12_000})
    save(user=reader, model=sonnet, changes={"temperature": 0.3, "last_messages": 40, "effort": "high"})
    page = signed_in_page
    page.set_viewport_size({"width": 800, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return SettingsTab(page=page, origin=live_server_url)


def _model(provider: Provider, model_id: str, name: str, **fields: Any) -> LanguageModel:
    sizes = {"context_window": 1_000_000, "max_output_tokens": 128_000} | fields
    return LanguageModel.objects.create(
        provider=provider, model_id=model_id, name=name, wire=Wire.ANTHROPIC_MESSAGES, **sizes
    )


def show(tab: SettingsTab, model: str) -> SettingsTab:
    tab.page.goto(f"{tab.origin}{ADDRESS}{model}")
    expect(tab.state).to_have_text("All saved")
    return tab


def take(part: Locator, name: str) -> None:
    part.screenshot(path=IMAGES / f"settings-{name}.png")


def whole(page: Page, name: str) -> None:
    height = page.evaluate("document.documentElement.scrollHeight")
    width = (page.viewport_size or {"width": 800})["width"]
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=IMAGES / f"settings-{name}.png")


def test_take_the_pictures(tab: SettingsTab, reader: User) -> None:
    take_those_of_the_tab(tab, reader)
    take_those_for_admins(tab, reader)


def take_those_of_the_tab(tab: SettingsTab, reader: User) -> None:
    sonnet = LanguageModel.objects.get(model_id="claude-sonnet-4-6")
    whole(show(tab, "claude-sonnet-4-6").page, "agent-config")
    tab.page.set_viewport_size({"width": 800, "height": 2_400})
    for fold, name in (("Differences", "differences"), ("Advanced", "advanced")):
        tab.unfold(fold)
        take(tab.page.locator(f"[data-fold={name}]"), name)

    with tab.page.expect_response("**/preview/**"):
        tab.number("Max Output Tokens").fill("60000")
    expect(tab.card("max_output_tokens")).to_contain_text("more than a whole minute allows")
    take(tab.card("max_output_tokens"), "meaning")

    show(tab, "claude-sonnet-4-6").number("Temperature").fill("0.5")
    save(user=reader, model=sonnet, changes={"temperature": 0.9})
    tab.save_button.click()
    expect(tab.page.get_by_text("0.9 is saved now")).to_be_visible()
    take(tab.card("temperature"), "conflict")

    take(show(tab, "claude-opus-5").card("temperature"), "no-temperature")
    take(show(tab, "claude-haiku-4-5").card("temperature"), "locked")
    take(show(tab, "tiny").page.locator(".meaning"), "agents")

    tab.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    tab.page.set_viewport_size({"width": 360, "height": 760})
    show(tab, "claude-sonnet-4-6").card("max_output_tokens").evaluate("card => scrollTo(0, card.offsetTop - 60)")
    tab.page.screenshot(path=IMAGES / "settings-phone.png")


def take_those_for_admins(tab: SettingsTab, reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(username="ada", is_staff=True, is_superuser=True)
    sonnet = LanguageModel.objects.get(model_id="claude-sonnet-4-6")
    page = tab.page
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1100, "height": 900})
    page.goto(f"{tab.origin}/settings/effective/?user=ada&model={sonnet.pk}")
    take(page.locator("main .card").last, "effective")
    page.goto(f"{tab.origin}/admin/agents/settingrule/add/")
    page.get_by_label("Setting:").select_option("max_output_tokens")
    page.get_by_label("Maximum:").fill("20000")
    take(page.locator("#content"), "rule")
