"""Back to what is inherited, and on to other models; on the way nothing that was typed is lost."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from agents.models import AgentConfig, LanguageModel, SettingRule
from agents.settings_resolution import effective, save
from tests.settings_ui.tab_page import CLAUDE, card, fields_of, opened, page, post, words

pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture
def configured(owner: User, claude: LanguageModel) -> None:
    save(user=None, model=claude, changes={"temperature": 0.5, "max_output_tokens": 12_000})
    save(user=owner, model=claude, changes={"temperature": 0.3, "max_iterations": 9, "last_messages": 0})


def test_reset_of_all_brings_the_organisations_values_back(
    owner_client: Client, owner: User, member: User, claude: LanguageModel, configured: None
) -> None:
    save(user=member, model=claude, changes={"max_iterations": 3})
    assert post(owner_client, opened(owner_client), "reset").status_code == 302
    values = effective(user=owner, model=claude).stored
    assert (values.temperature, values.max_iterations, values.last_messages) == (0.5, 15, 20)
    assert effective(user=member, model=claude).stored.max_iterations == 3
    said = words(page(owner_client))
    assert "Reset: Temperature 0.3 → 0.5, Max Iterations 9 → 15, Last Messages no cap → 20." in said
    assert AuditEntry.objects.get(action="reset").door == AuditEntry.Door.PAGE


def test_reset_of_one_leaves_the_rest_and_what_was_typed(
    owner_client: Client, owner: User, claude: LanguageModel, configured: None
) -> None:
    text = page(owner_client)
    assert "Reset to 0.5" in card(text, "temperature")
    assert "Reset to" not in card(text, "max_output_tokens")

    typed = fields_of(text) | {"max_iterations": "11", "temperature": "1.9"}
    answer = post(owner_client, typed, "reset", f"{CLAUDE}&setting=temperature")
    assert answer.status_code == 200
    assert "Reset: Temperature 0.3 → 0.5." in words(answer.text)
    assert "1 unsaved change" in words(answer.text)
    assert "Changed elsewhere" not in answer.text
    kept = fields_of(answer.text)
    assert (kept["temperature"], kept["max_iterations"]) == ("0.5", "11")
    values = effective(user=owner, model=claude).stored
    assert (values.temperature, values.max_iterations) == (0.5, 9)

    post(owner_client, kept)
    row = AgentConfig.objects.get(user=owner)
    assert (row.temperature, row.max_iterations) == (None, 11)


def test_reset_of_one_with_nothing_typed_goes_back_to_the_page(owner_client: Client, configured: None) -> None:
    answer = post(owner_client, opened(owner_client), "reset", f"{CLAUDE}&setting=temperature")
    assert answer.status_code == 302


def test_there_is_nothing_to_reset_where_nothing_is_ones_own(owner_client: Client, claude: LanguageModel) -> None:
    save(user=None, model=claude, changes={"temperature": 0.5})
    text = page(owner_client)
    assert "Reset to" not in words(text)
    assert re.search(r'id="reset-all"[^>]*disabled', text)
    post(owner_client, opened(owner_client), "reset")
    assert "There was nothing to reset." in words(page(owner_client))


def test_an_unknown_setting_cannot_be_reset(owner_client: Client) -> None:
    assert post(owner_client, {}, "reset", f"{CLAUDE}&setting=password").status_code == 404


def test_copying_takes_what_is_ones_own_alone(
    owner_client: Client, owner: User, gpt: LanguageModel, configured: None
) -> None:
    save(user=owner, model=gpt, changes={"max_output_tokens": 20_000, "max_iterations": 2})
    text = words(page(owner_client))
    assert (
        "What you have set and saved for Sandbox Claude: Temperature 0.3, Max Iterations 9, Last Messages no cap."
        in text
    )
    assert "Sandbox GPT Sandbox replaces Max Iterations 2" in text

    assert post(owner_client, opened(owner_client) | {"to": [str(gpt.pk)]}, "copy").status_code == 302
    values = effective(user=owner, model=gpt).stored
    assert (values.temperature, values.max_iterations, values.last_messages) == (0.3, 9, 0)
    assert values.max_output_tokens == 20_000
    assert "Copied to Sandbox GPT: Temperature 0.3" in words(page(owner_client))


def test_a_copy_leaves_out_what_the_other_model_does_not_allow(
    owner_client: Client, owner: User, gpt: LanguageModel, configured: None
) -> None:
    SettingRule.objects.create(model=gpt, setting="temperature", locked=True)
    assert "without Temperature (locked by your organisation)" in words(page(owner_client))
    post(owner_client, opened(owner_client) | {"to": [str(gpt.pk)]}, "copy")
    row = AgentConfig.objects.get(user=owner, model=gpt)
    assert (row.temperature, row.max_iterations) == (None, 9)
    assert "Sandbox GPT does without Temperature (locked by your organisation)." in words(page(owner_client))


def test_a_copy_keeps_what_was_typed(owner_client: Client, gpt: LanguageModel, configured: None) -> None:
    typed = opened(owner_client) | {"temperature": "0.8", "to": [str(gpt.pk)]}
    answer = post(owner_client, typed, "copy")
    assert answer.status_code == 200
    assert fields_of(answer.text)["temperature"] == "0.8"
    assert AgentConfig.objects.get(model=gpt).temperature == 0.3


@pytest.mark.parametrize("to", [[], ["nonsense"], ["self"]])
def test_a_copy_to_nowhere_says_so(
    owner_client: Client, claude: LanguageModel, configured: None, to: list[str]
) -> None:
    chosen = [str(claude.pk) if one == "self" else one for one in to]
    post(owner_client, opened(owner_client) | {"to": chosen}, "copy")
    assert "Nothing was copied" in words(page(owner_client))
    assert AgentConfig.objects.filter(user__isnull=False).count() == 1


def test_a_model_that_is_not_on_offer_is_no_target(owner_client: Client, gpt: LanguageModel, configured: None) -> None:
    LanguageModel.objects.filter(pk=gpt.pk).update(enabled=False)
    post(owner_client, opened(owner_client) | {"to": [str(gpt.pk)]}, "copy")
    assert not AgentConfig.objects.filter(model=gpt).exists()


def test_with_nothing_of_ones_own_there_is_nothing_to_copy(owner_client: Client, gpt: LanguageModel) -> None:
    assert "there is nothing to copy" in words(page(owner_client))
    post(owner_client, opened(owner_client) | {"to": [str(gpt.pk)]}, "copy")
    assert not AgentConfig.objects.exists()


def test_the_differences_from_the_defaults_are_listed(owner_client: Client, configured: None) -> None:
    text = page(owner_client)
    table = [words(row) for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)][1:]
    assert table == [
        "Max Output Tokens 8,192 12,000 – 12,000",
        "Temperature 0.7 0.5 0.3 0.3",
        "Max Iterations 15 – 9 9",
        "Last Messages 20 – no cap no cap",
    ]
