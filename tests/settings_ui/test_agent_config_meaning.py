"""What the tab says beside a value: who set it, what limits it, what it means for the rate limit and the agents."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from agents.model_counter import counter_of, frame_tokens
from agents.models import AgentConfig, LanguageModel, RatePool, SettingRule
from agents.roster import all_equipped
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model
from tests.settings_ui.tab_page import card, fields_of, opened, page, post, words

pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture
def pool(claude: LanguageModel, gpt: LanguageModel) -> RatePool:
    pool = RatePool.objects.create(
        provider=claude.provider, name="shared", input_tokens_per_minute=40_000, requests_per_minute=50
    )
    LanguageModel.objects.filter(pk__in=[claude.pk, gpt.pk]).update(pool=pool)
    return pool


def test_the_model_shows_its_sizes_and_its_rate_limit(owner_client: Client, pool: RatePool) -> None:
    text = words(page(owner_client))
    assert "Context window 200,000 tokens" in text
    assert "Longest reply 64,000 tokens" in text
    assert "40,000 input tokens · 50 requests" in text
    assert "shared with Sandbox GPT" in text
    pool.count_cached_input = True
    pool.save()
    assert "cached input counts" in words(page(owner_client))


def test_models_are_grouped_by_the_limit_that_they_share(
    owner_client: Client, pool: RatePool, gpt: LanguageModel
) -> None:
    LanguageModel.objects.filter(pk=gpt.pk).update(pool=None)
    text = page(owner_client)
    assert re.findall(r'<optgroup label="([^"]*)"', text) == [
        "shared: 40,000 input tokens a minute",
        "No rate limit known",
        "claude-tight: 40,000 input tokens a minute",
        "gpt-tight: 40,000 tokens in and out a minute",
    ]
    LanguageModel.objects.update(pool=None)
    assert "<optgroup" not in page(owner_client)


def test_a_rate_limit_says_how_many_calls_a_value_allows(owner_client: Client, pool: RatePool) -> None:
    said = card(page(owner_client), "max_output_tokens")
    assert "8,192 tokens against 40,000/min: about 4 calls a minute before waiting; with cached prefixes about" in said
    assert "32,000 long conversations" in said


def test_a_value_that_no_minute_can_carry_is_a_warning(
    owner_client: Client, owner: User, claude: LanguageModel, pool: RatePool
) -> None:
    save(user=owner, model=claude, changes={"max_output_tokens": 50_000})
    text = page(owner_client)
    assert "more than a whole minute allows" in card(text, "max_output_tokens")
    assert "meaning-warning" in text


def test_without_a_rate_limit_the_page_says_so(owner_client: Client) -> None:
    assert "No rate limit is known for this model" in card(page(owner_client), "max_output_tokens")


def test_where_the_reply_cap_is_charged_it_says_that_a_lower_one_is_sent(owner_client: Client, pool: RatePool) -> None:
    words_of_it = "charges a call its whole reply cap, so the cap that is sent is lowered to fit"
    assert words_of_it not in card(page(owner_client), "max_output_tokens")
    RatePool.objects.filter(pk=pool.pk).update(input_tokens_per_minute=None, tokens_per_minute=40_000)
    assert words_of_it in card(page(owner_client), "max_output_tokens")


def test_where_cached_input_counts_no_larger_value_is_recommended(owner_client: Client, pool: RatePool) -> None:
    RatePool.objects.update(count_cached_input=True)
    assert "long conversations" not in card(page(owner_client), "max_output_tokens")


@pytest.fixture
def narrow(shipped: None) -> LanguageModel:
    """A model whose window leaves just too little for the largest agent."""
    model = make_model(slug="narrow", model_id="sandbox-claude")
    largest = max(frame_tokens(agent, counter_of(model)) for agent in all_equipped())
    LanguageModel.objects.filter(pk=model.pk).update(context_window=2 * largest)
    return model


def test_agents_that_cannot_run_are_named(owner_client: Client, narrow: LanguageModel) -> None:
    said = card(page(owner_client, "?provider=narrow"), "max_output_tokens")
    largest = max(all_equipped(), key=lambda agent: frame_tokens(agent, counter_of(narrow)))
    assert f"{largest.name} cannot run: its instructions and tools alone take" in said
    assert said.count("cannot run") == 1


def test_a_preview_tells_what_entries_would_mean_and_saves_nothing(owner_client: Client, narrow: LanguageModel) -> None:
    query = "?provider=narrow"
    typed = opened(owner_client, query) | {"response_token_limit-cap": "own", "response_token_limit": "100"}
    answer = post(owner_client, typed, "preview", query)
    assert answer.status_code == 200
    said = card(answer.text, "max_output_tokens")
    assert "cannot run" not in said
    assert "up to 100 out" in said
    assert "your setting" in card(answer.text, "response_token_limit")
    assert not AgentConfig.objects.exists()


def test_a_preview_of_nonsense_shows_what_is_saved(owner_client: Client) -> None:
    answer = post(owner_client, opened(owner_client) | {"max_output_tokens": "x", "temperature": "1.5"}, "preview")
    assert answer.status_code == 200
    assert "up to 8,192 tokens in" in card(answer.text, "max_output_tokens")
    assert "limited by the model: 1.0" in card(answer.text, "temperature")


def test_the_split_limits_are_both_shown(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    save(user=owner, model=claude, changes={"context_token_limit": 20_000, "response_token_limit": 2_000})
    text = page(owner_client)
    assert "up to 20,000 tokens in, up to 2,000 out" in card(text, "max_output_tokens")
    assert "2 of 5 set" in words(text)


def test_a_value_over_the_models_range_is_kept_and_said_to_be_limited(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    assert post(owner_client, opened(owner_client) | {"temperature": "1.5"}).status_code == 302
    text = page(owner_client)
    assert "limited by the model: 1.0 Your 1.5 is kept." in card(text, "temperature")
    assert fields_of(text)["temperature"] == "1.5"
    assert effective(user=owner, model=claude).values.temperature == 1.0
    post(owner_client, fields_of(text) | {"max_iterations": "3"})
    assert effective(user=owner, model=claude).stored.temperature == 1.5


def test_a_model_that_takes_no_temperature_says_so_and_keeps_it(owner_client: Client, owner: User) -> None:
    model = make_model(slug="new", model_id="claude-opus-5")
    save(user=owner, model=model, changes={"temperature": 0.3})
    text = page(owner_client, "?provider=new")
    assert "not sent: this model takes no temperature Your 0.3 is kept." in card(text, "temperature")
    post(owner_client, opened(owner_client, "?provider=new") | {"max_iterations": "3"}, query="?provider=new")
    assert effective(user=owner, model=model).stored.temperature == 0.3


def test_a_locked_setting_is_shown_with_its_reason_and_cannot_be_changed(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    save(user=owner, model=claude, changes={"temperature": 0.3, "last_messages": 5})
    for name in ("temperature", "last_messages"):
        SettingRule.objects.create(model=claude, setting=name, locked=True)
    text = page(owner_client)
    for name in ("temperature", "last_messages"):
        assert "locked by your organisation" in card(text, name)
        assert "Reset to" not in card(text, name)
        assert re.search(rf'id="id_{name}"[^>]*disabled', text)
        assert name not in fields_of(text)
    assert 'value="0.7"' in text
    forged = {"temperature": "1.1", "initial-temperature": "0.7", "last_messages": "9", "initial-last_messages": "20"}
    post(owner_client, fields_of(text) | forged)
    assert AgentConfig.objects.get(user=owner).temperature == 0.3
    assert AgentConfig.objects.get(user=owner).last_messages == 5


def test_an_admins_range_binds_new_values_and_spares_old_ones(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    save(user=owner, model=claude, changes={"max_output_tokens": 50_000})
    SettingRule.objects.create(model=None, setting="max_output_tokens", minimum=2_000, maximum=20_000)
    text = page(owner_client)
    said = card(text, "max_output_tokens")
    assert "2,000 to 20,000 tokens" in said
    assert "limited by your organisation: 20,000 Your 50,000 is kept." in said
    assert post(owner_client, fields_of(text) | {"temperature": "0.3"}).status_code == 302
    refused = post(owner_client, opened(owner_client) | {"max_output_tokens": "30000"})
    assert refused.status_code == 422
    assert "must be a whole number from 2,000 to 20,000" in card(refused.text, "max_output_tokens")
    assert effective(user=owner, model=claude).stored.max_output_tokens == 50_000


def test_where_a_cap_has_a_highest_value_no_cap_is_not_offered(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    SettingRule.objects.create(model=claude, setting="last_messages", maximum=50)
    text = page(owner_client)
    assert "No cap" not in card(text, "last_messages")
    assert post(owner_client, fields_of(text) | {"last_messages": "0"}).status_code == 422
    assert post(owner_client, fields_of(text) | {"last_messages": "50"}).status_code == 302
    assert effective(user=owner, model=claude).values.last_messages == 50


def test_a_model_that_will_be_switched_off_says_when(owner_client: Client) -> None:
    make_model(slug="old", model_id="claude-sonnet-4-5")
    assert "by its vendor on 30 November 2026" in words(page(owner_client, "?provider=old"))
