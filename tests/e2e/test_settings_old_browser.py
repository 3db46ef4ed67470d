"""Settings that an earlier version kept in the browser: shown, imported if their owner wants it, and checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from agents.models import AgentConfig, LanguageModel
from agents.settings_resolution import effective
from tests.e2e.conftest import Noise
from tests.e2e.settings_tab import SettingsTab

CLAUDE = {"providerId": "sandbox", "modelId": "sandbox-claude", "maxOutputTokens": 9_216, "temperature": 0.3}


@pytest.fixture
def tab(signed_in_page: Page, live_server_url: str) -> SettingsTab:
    return SettingsTab(page=signed_in_page, origin=live_server_url).open()


def remember(tab: SettingsTab, kept: dict[str, Any]) -> None:
    for key, value in kept.items():
        text = value if isinstance(value, str) else json.dumps(value)
        tab.page.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, text])
    tab.page.reload()


def keys(tab: SettingsTab) -> list[str]:
    found: list[str] = tab.page.evaluate(
        "Object.keys(localStorage).filter((key) => key.startsWith('agent-config')).sort()"
    )
    return found


def test_they_are_imported_when_asked(tab: SettingsTab, reader: User) -> None:
    by_key = {"maxOutputTokens": 20_480, "temperature": 0, "maxIterations": 4}
    remember(tab, {"agent-config-sandbox-sandbox-claude": CLAUDE, "agent-config-sandbox-sandbox-gpt": by_key})
    section = tab.page.locator("[data-old-settings]")
    expect(section).to_contain_text("sandbox sandbox-claude Max Output Tokens 9,216, Temperature 0.3")
    section.get_by_role("button", name="Import them").click()
    expect(tab.number("Max Output Tokens")).to_have_value("9216")
    expect(section).to_be_hidden()
    assert keys(tab) == []
    gpt = effective(user=reader, model=LanguageModel.objects.get(model_id="sandbox-gpt")).stored
    assert (gpt.max_output_tokens, gpt.temperature, gpt.max_iterations) == (20_480, 0.0, 4)


def test_what_the_server_refuses_is_told_and_stays(tab: SettingsTab, reader: User, noise: Noise) -> None:
    noise.expect("404 (Not Found)")
    noise.expect("422")
    gone = CLAUDE | {"modelId": "claude-3-7-sonnet"}
    hostile = CLAUDE | {"maxOutputTokens": 10**9, "modelId": "<img src=x>"}
    climbing = CLAUDE | {"modelId": "../../tokens"}
    by_key = {"a": CLAUDE, "b": gone, "c": hostile, "d": climbing}
    remember(tab, {f"agent-config-{key}": value for key, value in by_key.items()})
    tab.page.get_by_role("button", name="Import them").click()
    said = tab.page.locator("[data-old-settings-said]")
    expect(said).to_contain_text("sandbox claude-3-7-sonnet: There is no model")
    expect(tab.page.locator("[data-old-settings-list] li")).to_have_count(2)
    assert keys(tab) == ["agent-config-b", "agent-config-c", "agent-config-d"]
    assert AgentConfig.objects.get(user=reader).max_output_tokens == 9_216


def test_they_can_be_forgotten(tab: SettingsTab, reader: User) -> None:
    remember(tab, {"agent-config-a": CLAUDE})
    tab.page.get_by_role("button", name="Forget them").click()
    expect(tab.page.locator("[data-old-settings]")).to_be_hidden()
    assert keys(tab) == []
    assert not AgentConfig.objects.filter(user=reader).exists()


def test_other_things_in_the_browser_are_left_alone(tab: SettingsTab) -> None:
    kept = {"agent-config-x": "no JSON {", "agent-config-y": "null", "agent-config-z": {"maxOutputTokens": "8192"}}
    remember(tab, kept)
    expect(tab.state).to_have_text("All saved")
    expect(tab.page.locator("[data-old-settings]")).to_be_hidden()
    assert len(keys(tab)) == 3
