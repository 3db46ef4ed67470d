"""What is set by any door is what the provider is sent, from the next turn on; nobody else's calls change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import APIRequestContext, BrowserContext, Playwright, expect

from accounts.models import User
from accounts.tokens import issue
from agents.models import AgentConfig, LanguageModel, SettingRule
from agents.sandbox.journal import Entry
from chat.models import Message
from tests.chat.stage import Stage
from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import SignIn
from tests.e2e.settings_tab import SettingsTab

_marks = iter(range(1, 1_000_000))


@pytest.fixture(autouse=True)
def _nobody_has_settings(stage: Stage) -> Iterator[None]:
    yield
    AgentConfig.objects.all().delete()


@pytest.fixture
def tab(context: BrowserContext, chat: ChatPage) -> SettingsTab:
    """Beside the chat, of the same person."""
    return SettingsTab(page=context.new_page(), origin=chat.origin).open()


Asks = Callable[..., list[Entry]]


@pytest.fixture
def ask(chat: ChatPage, stage: Stage) -> Asks:
    """`ask("words")`: what the provider is sent for one more question in the chat."""

    def in_the_chat(words: str, chat: ChatPage = chat) -> list[Entry]:
        mark = f"question-{next(_marks)}-asked"
        chat.ask(f"{words}\n{mark}")
        return stage.sandbox.requests_with(mark)

    return in_the_chat


def sent(entry: Entry) -> tuple[int, float]:
    return entry.body["max_tokens"], entry.body["temperature"]


class TestTheTab:
    def test_max_output_tokens_and_temperature(self, tab: SettingsTab, ask: Asks) -> None:
        [before] = ask("echo one")
        assert sent(before) == (8_192, 0.7)
        tab.number("Max Output Tokens").fill("9001")
        tab.number("Temperature").fill("0.3")
        tab.save()
        [after] = ask("echo two")
        assert sent(after) == (9_001, 0.3)

    def test_a_temperature_above_the_models_range_is_sent_as_its_end(self, tab: SettingsTab, ask: Asks) -> None:
        tab.number("Temperature").fill("1.6")
        tab.save()
        [entry] = ask("echo warm")
        assert entry.body["temperature"] == 1.0
        expect(tab.number("Temperature")).to_have_value("1.6")

    def test_max_iterations(self, tab: SettingsTab, ask: Asks) -> None:
        tab.number("Max Iterations").fill("2")
        tab.save()
        assert len(ask("loop 9")) == 2

    def test_the_split_limits(self, tab: SettingsTab, ask: Asks) -> None:
        ask("long 2500")
        tab.unfold("Advanced")
        tab.number("Context Token Limit").fill("2000")
        tab.number("Response Token Limit").fill("77")
        tab.save()
        [entry] = ask("echo split")
        assert entry.body["max_tokens"] == 77
        assert len(entry.body["messages"]) == 1

    def test_last_messages(self, tab: SettingsTab, ask: Asks) -> None:
        for word in ("one", "two", "three"):
            ask(f"echo {word}")
        tab.unfold("Advanced")
        tab.number("Last Messages").fill("2")
        tab.save()
        [entry] = ask("echo four")
        assert len(entry.body["messages"]) == 3
        assert "echo three" in str(entry.body["messages"][0])

    def test_no_cap_on_messages(self, tab: SettingsTab, ask: Asks) -> None:
        tab.unfold("Advanced")
        tab.number("Last Messages").fill("2")
        tab.save()
        for word in ("one", "two", "three"):
            ask(f"echo {word}")
        tab.unfold("Advanced")
        tab.card("last_messages").get_by_label("No cap").check()
        tab.save()
        [entry] = ask("echo four")
        assert len(entry.body["messages"]) == 7

    def test_max_age(self, tab: SettingsTab, ask: Asks, reader: User) -> None:
        ask("echo old")
        Message.objects.filter(conversation__owner=reader).update(created_at=timezone.now() - timedelta(hours=2))
        tab.unfold("Advanced")
        tab.number("Max Age").fill("60")
        tab.save()
        [entry] = ask("echo new")
        assert len(entry.body["messages"]) == 1

    def test_reset_brings_the_organisations_value_back(
        self, tab: SettingsTab, ask: Asks, staff_form: Callable[..., None]
    ) -> None:
        staff_form(max_output_tokens=6_000, temperature=0.4)
        tab.open()
        expect(tab.number("Max Output Tokens")).to_have_value("6000")
        tab.number("Max Output Tokens").fill("9001")
        tab.number("Temperature").fill("0.9")
        tab.save()
        tab.page.get_by_role("button", name="Reset to 6,000, Max Output Tokens").click()
        expect(tab.state).to_contain_text("Reset: Max Output Tokens 9,001 → 6,000.")
        [entry] = ask("echo reset one")
        assert sent(entry) == (6_000, 0.9)
        tab.reset_all_button.click()
        expect(tab.state).to_contain_text("Reset: Temperature 0.9 → 0.4.")
        [entry] = ask("echo reset all")
        assert sent(entry) == (6_000, 0.4)

    def test_another_person_is_untouched(
        self, tab: SettingsTab, ask: Asks, new_context: Callable[..., BrowserContext], sign_in: SignIn
    ) -> None:
        tab.number("Temperature").fill("0.1")
        tab.number("Max Output Tokens").fill("5000")
        tab.save()
        context = new_context()
        sign_in(context)
        strangers = ChatPage(page=context.new_page(), origin=tab.origin)
        strangers.open()
        [entry] = ask("echo stranger", chat=strangers)
        assert sent(entry) == (8_192, 0.7)

    def test_a_locked_setting_has_the_organisations_value(self, tab: SettingsTab, ask: Asks) -> None:
        tab.number("Temperature").fill("0.1")
        tab.save()
        model = LanguageModel.objects.get(model_id="sandbox-claude")
        AgentConfig.objects.create(model=model, temperature=0.6)
        rule = SettingRule.objects.create(model=model, setting="temperature", locked=True)
        try:
            [entry] = ask("echo locked")
            assert entry.body["temperature"] == 0.6
            tab.open()
            expect(tab.number("Temperature")).to_be_disabled()
            expect(tab.number("Temperature")).to_have_value("0.6")
            expect(tab.card("temperature")).to_contain_text("locked by your organisation")
        finally:
            rule.delete()


@pytest.fixture
def staff_form(new_context: Callable[..., BrowserContext], sign_in: SignIn, stage: Stage) -> Callable[..., None]:
    """`staff_form(temperature=0.4)`: an admin makes the organisation's row of Sandbox Claude in the Django admin."""

    def make(**values: Any) -> None:
        context = new_context()
        sign_in(context, is_staff=True, is_superuser=True)
        page = context.new_page()
        page.goto(f"{stage.origin}/admin/agents/agentconfig/add/")
        page.locator("#id_model").select_option(label="Sandbox · Sandbox Claude")
        for name, value in values.items():
            page.locator(f"#id_{name}").fill(str(value))
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was added successfully")).to_be_visible()
        context.close()

    return make


@pytest.fixture
def api(playwright: Playwright, reader: User, stage: Stage) -> Iterator[APIRequestContext]:
    """The REST API with a token of the reader's."""
    token = issue(user=reader, scope="write").secret
    api = playwright.request.new_context(base_url=stage.origin, extra_http_headers={"Authorization": f"Bearer {token}"})
    yield api
    api.dispose()


class TestOtherDoors:
    def test_the_admins_form(self, ask: Asks, staff_form: Callable[..., None]) -> None:
        ask("echo before")
        staff_form(max_output_tokens=7_000, temperature=0.2)
        [entry] = ask("echo after")
        assert sent(entry) == (7_000, 0.2)

    def test_the_api(self, ask: Asks, api: APIRequestContext) -> None:
        path = "/api/v1/agent-configs/sandbox/sandbox-claude"
        assert api.put(path, data={"max_output_tokens": 7_500, "temperature": 0.5}).ok
        [entry] = ask("echo by api")
        assert sent(entry) == (7_500, 0.5)
        assert api.delete(path).status == 204
        [entry] = ask("echo by api again")
        assert sent(entry) == (8_192, 0.7)

    def test_a_configuration_file(self, ask: Asks, tmp_path: Path) -> None:
        file = tmp_path / "settings.toml"
        file.write_text(
            "[[agent_config]]\nprovider = 'sandbox'\nmodel = 'sandbox-claude'\n"
            "max_output_tokens = 6500\ntemperature = 0.8\n"
        )
        call_command("load_config", str(file))
        [entry] = ask("echo by file")
        assert sent(entry) == (6_500, 0.8)

    def test_the_tab_shows_what_came_by_another_door(self, tab: SettingsTab, api: APIRequestContext) -> None:
        assert api.put("/api/v1/agent-configs/sandbox/sandbox-claude", data={"max_iterations": 4}).ok
        tab.open()
        expect(tab.number("Max Iterations")).to_have_value("4")
        expect(tab.card("max_iterations")).to_contain_text("your setting")
