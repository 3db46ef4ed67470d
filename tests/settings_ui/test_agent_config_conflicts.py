"""Two tabs, or two people, that edit the same settings at once."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from agents.models import AgentConfig, LanguageModel
from agents.settings_resolution import effective, reset, save
from tests.settings_ui.tab_page import card, fields_of, opened, page, post, words

pytestmark = pytest.mark.usefixtures("shipped")


def test_another_tabs_change_is_not_overwritten_unseen(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"max_iterations": 20, "temperature": 0.9})

    answer = post(owner_client, stale | {"temperature": "0.3"})
    assert answer.status_code == 409
    assert "Changed elsewhere while you were here, so nothing was saved." in words(answer.text)
    assert "it was 0.7 when you began, and 0.9 is saved now" in card(answer.text, "temperature")
    assert "15 before, 20 now" in card(answer.text, "max_iterations")
    assert "Changed elsewhere" not in card(answer.text, "max_output_tokens")
    assert "1 unsaved change" in words(answer.text)
    kept = fields_of(answer.text)
    assert (kept["temperature"], kept["max_iterations"]) == ("0.3", "20")
    assert effective(user=owner, model=claude).stored.temperature == 0.9

    assert post(owner_client, kept).status_code == 302
    values = effective(user=owner, model=claude).stored
    assert (values.temperature, values.max_iterations) == (0.3, 20)


def test_the_first_save_of_all_can_conflict_too(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    one, other = opened(owner_client), opened(owner_client)
    assert post(owner_client, one | {"temperature": "0.1"}).status_code == 302
    assert post(owner_client, other | {"temperature": "0.2"}).status_code == 409
    assert effective(user=owner, model=claude).stored.temperature == 0.1


def test_a_cap_chosen_in_one_tab_survives_the_others_number(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"last_messages": 7, "max_age_minutes": 30})
    answer = post(owner_client, stale | {"last_messages-cap": "none"})
    assert answer.status_code == 409
    assert "it was 20 when you began, and 7 is saved now" in card(answer.text, "last_messages")
    assert "no cap before, 30 now" in card(answer.text, "max_age_minutes")
    kept = fields_of(answer.text)
    assert (kept["last_messages-cap"], kept["max_age_minutes-cap"], kept["max_age_minutes"]) == ("none", "own", "30")
    post(owner_client, kept)
    row = AgentConfig.objects.get()
    assert (row.last_messages, row.max_age_minutes) == (0, 30)


def test_typing_what_the_other_has_saved_leaves_nothing_to_save(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"temperature": 0.3})
    answer = post(owner_client, stale | {"temperature": "0.3"})
    assert answer.status_code == 409
    assert "unsaved change" not in words(answer.text)


def test_a_bad_value_is_told_before_a_conflict(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"temperature": 0.3})
    assert post(owner_client, stale | {"temperature": "7"}).status_code == 422


def test_an_untouched_field_is_not_taken_for_a_change_when_the_organisation_moves(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    form = opened(owner_client)
    save(user=None, model=claude, changes={"max_output_tokens": 30_000})
    assert post(owner_client, form | {"temperature": "0.3"}).status_code == 302
    assert AgentConfig.objects.get(user=owner).max_output_tokens is None
    assert "set by your organisation" in card(page(owner_client), "max_output_tokens")


@pytest.mark.parametrize("query", ["", "&setting=temperature"])
def test_a_reset_over_another_tabs_change_is_a_conflict(
    owner_client: Client, owner: User, claude: LanguageModel, query: str
) -> None:
    save(user=owner, model=claude, changes={"temperature": 0.3})
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"temperature": 0.9})
    answer = owner_client.post(f"/settings/reset/?provider=sandbox&model=sandbox-claude{query}", stale)
    assert answer.status_code == 409
    assert "0.3 before, 0.9 now" in card(answer.text, "temperature")
    assert effective(user=owner, model=claude).stored.temperature == 0.9


def test_what_was_reset_elsewhere_is_a_change_too(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    save(user=owner, model=claude, changes={"temperature": 0.3})
    stale = opened(owner_client)
    reset(user=owner, model=claude)
    answer = post(owner_client, stale | {"max_iterations": "3"})
    assert answer.status_code == 409
    assert "0.3 before, 0.7 now" in card(answer.text, "temperature")


def test_a_tampered_page_is_shown_as_text(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"temperature": 0.3})
    hostile = '"><script>x</script>'
    answer = post(owner_client, stale | {"initial-temperature": hostile, "version": "0", "max_iterations": "3"})
    assert "<script>x" not in answer.text
