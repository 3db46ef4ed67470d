"""What an admin allows: locks and ranges, one model's before all models'."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.refusals import InvalidRequest
from agents.models import AgentConfig, LanguageModel, SettingRule
from agents.setting_ranges import ALL_RANGES, CONTEXT_TOKEN_LIMIT, SettingName
from agents.setting_rules import rule_faults, rule_for, ruled, rules_of, storable
from agents.settings_resolution import effective, reset, save
from tests.agents.rows import make_model


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


def rule(setting: SettingName, **more: Any) -> SettingRule:
    return SettingRule.objects.create(setting=setting, **more)


def refused(user: User | None, model: LanguageModel, **changes: object) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as error:
        save(user=user, model=model, changes=changes)
    fields: dict[str, str] = error.value.params["fields"]
    return fields


class TestLocks:
    def test_a_locked_setting_cannot_be_changed_by_a_user(self, owner: User, model: LanguageModel) -> None:
        rule("temperature", locked=True)
        assert refused(owner, model, temperature=0.5, max_iterations=3) == {
            "temperature": "locked by your organisation"
        }
        assert not AgentConfig.objects.exists()

    def test_the_organisation_itself_can_change_it(self, owner: User, model: LanguageModel) -> None:
        rule("temperature", locked=True)
        save(user=None, model=model, changes={"temperature": 0.2})
        setting = effective(user=owner, model=model).settings["temperature"]
        assert (setting.value, setting.source, setting.note) == (0.2, "organisation", "locked by your organisation")

    def test_ones_own_value_is_kept_but_does_not_count(self, owner: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"temperature": 0.9})
        lock = rule("temperature", locked=True)
        setting = effective(user=owner, model=model).settings["temperature"]
        assert (setting.value, setting.stored, setting.own, setting.source) == (0.7, 0.7, 0.9, "default")
        assert (setting.locked, setting.note) == (True, "locked by your organisation")
        lock.delete()
        assert effective(user=owner, model=model).values.temperature == 0.9

    def test_what_a_lock_leaves_behind_can_be_reset(self, owner: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"temperature": 0.9})
        rule("temperature", locked=True)
        assert reset(user=owner, model=model).settings["temperature"].own is None


class TestRanges:
    def test_a_value_outside_is_refused_and_the_range_is_named(self, owner: User, model: LanguageModel) -> None:
        rule("max_output_tokens", minimum=2_000, maximum=20_000)
        for value in (1_999, 20_001):
            assert refused(owner, model, max_output_tokens=value) == {
                "max_output_tokens": "must be a whole number from 2,000 to 20,000"
            }
        for value in (2_000, 20_000):
            assert save(user=owner, model=model, changes={"max_output_tokens": value}).values.max_output_tokens == value

    def test_it_binds_the_organisations_values_too(self, model: LanguageModel) -> None:
        rule("temperature", maximum=0.5)
        assert refused(None, model, temperature=0.6) == {"temperature": "must be a number from 0.0 to 0.5"}

    def test_what_was_stored_before_is_limited_and_stays_stored(self, owner: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"max_output_tokens": 50_000})
        rule("max_output_tokens", maximum=20_000)
        setting = effective(user=owner, model=model).settings["max_output_tokens"]
        assert (setting.value, setting.stored, setting.own) == (20_000, 50_000, 50_000)
        assert (setting.source, setting.note) == ("limited", "limited by your organisation: 20,000")
        assert (setting.minimum, setting.maximum) == (1_000, 20_000)

    @pytest.mark.parametrize(("more", "expected"), [({"maximum": 4_000}, 4_000), ({"minimum": 9_000}, 9_000)])
    def test_the_default_is_limited_too(self, owner: User, model: LanguageModel, more: Any, expected: int) -> None:
        rule("max_output_tokens", **more)
        setting = effective(user=owner, model=model).settings["max_output_tokens"]
        assert (setting.value, setting.stored, setting.source) == (expected, 8_192, "limited")

    def test_no_cap_is_above_every_cap(self, owner: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"last_messages": 0})
        rule("last_messages", maximum=50)
        assert effective(user=owner, model=model).values.last_messages == 50
        assert refused(owner, model, last_messages=0) == {"last_messages": "must be a whole number from 1 to 50"}
        assert save(user=owner, model=model, changes={"last_messages": 1}).values.last_messages == 1

    def test_no_cap_is_not_below_any_least_value(self, owner: User, model: LanguageModel) -> None:
        rule("last_messages", minimum=10)
        assert save(user=owner, model=model, changes={"last_messages": 0}).values.last_messages == 0
        assert refused(owner, model, last_messages=9) == {"last_messages": "must be 0 or a whole number from 10 to 200"}

    def test_what_follows_max_output_tokens_is_limited_by_its_own_rule(self, owner: User, model: LanguageModel) -> None:
        rule("context_token_limit", maximum=5_000)
        setting = effective(user=owner, model=model).settings["context_token_limit"]
        assert (setting.value, setting.stored) == (5_000, 0)
        assert setting.note == "as Max Output Tokens says; limited by your organisation: 5,000"

    def test_the_advanced_limits_end_at_the_models_sizes(self, owner: User, model: LanguageModel) -> None:
        assert refused(owner, model, context_token_limit=200_001, response_token_limit=64_001) == {
            "context_token_limit": "must be 0 or a whole number from 1,000 to 200,000",
            "response_token_limit": "must be 0 or a whole number from 1 to 64,000",
        }


class TestWhichRuleCounts:
    def test_a_models_rule_goes_before_the_rule_for_all(self, owner: User, model: LanguageModel) -> None:
        other = make_model(model_id="gpt-4o")
        rule("temperature", locked=True)
        rule("temperature", model=model, maximum=0.9)
        assert save(user=owner, model=model, changes={"temperature": 0.9}).values.temperature == 0.9
        assert refused(owner, model, temperature=1.0) == {"temperature": "must be a number from 0.0 to 0.9"}
        assert refused(owner, other, temperature=0.9) == {"temperature": "locked by your organisation"}

    def test_another_models_rule_does_not_count(self, owner: User, model: LanguageModel) -> None:
        rule("temperature", model=make_model(model_id="gpt-4o"), locked=True)
        assert not effective(user=owner, model=model).settings["temperature"].locked
        assert rule_for(rules_of([model]), model=model, name="temperature") is None

    def test_they_are_read_in_one_query(
        self, model: LanguageModel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        models = [model, make_model(model_id="gpt-4o")]
        rule("temperature", locked=True)
        with django_assert_num_queries(1):
            rules = rules_of(models)
        assert rules.keys() == {(None, "temperature")}


@pytest.mark.parametrize("bounds", ALL_RANGES, ids=lambda bounds: bounds.name)
@pytest.mark.parametrize(
    ("minimum", "maximum"), [(-1e9, 1e9), (1e9, None), (None, -5.0), (1.2, 1.8), (0.0, 0.0), (None, None)]
)
def test_nonsense_in_a_row_leaves_a_range_inside_the_settings_own(
    bounds: Any, minimum: float | None, maximum: float | None
) -> None:
    narrowed = ruled(bounds, SettingRule(setting=bounds.name, minimum=minimum, maximum=maximum))
    assert bounds.minimum <= narrowed.minimum <= narrowed.maximum <= bounds.maximum


@pytest.mark.parametrize(
    ("setting", "minimum", "maximum", "faults"),
    [
        ("temperature", 0.2, 0.8, set()),
        ("max_output_tokens", 2_000.0, 20_000.0, set()),
        ("max_output_tokens", None, None, set()),
        ("last_messages", None, 0, set()),
        ("max_output_tokens", 999, None, {"minimum"}),
        ("max_output_tokens", 1_000.5, 100_001, {"minimum", "maximum"}),
        ("max_output_tokens", 5_000, 4_000, {"maximum"}),
        ("temperature", float("nan"), float("inf"), {"minimum", "maximum"}),
        ("temperature", True, "1", {"minimum", "maximum"}),
        ("context_token_limit", 0, None, {"minimum"}),
        ("effort", None, None, set()),
        ("effort", 1, None, {"minimum"}),
        ("effort", "low", "high", {"minimum", "maximum"}),
        ("colour", 1, 2, {"setting"}),
    ],
)
def test_a_rule_is_checked_before_it_is_stored(setting: str, minimum: Any, maximum: Any, faults: set[str]) -> None:
    assert set(rule_faults(setting=setting, minimum=minimum, maximum=maximum)) == faults


def test_a_tiny_model_leaves_a_range_all_the_same(db: None) -> None:
    model = make_model(context_window=500, max_output_tokens=100)
    assert storable(CONTEXT_TOKEN_LIMIT, None, model=model).maximum == 1_000


def test_the_database_holds_one_rule_per_setting_and_model(model: LanguageModel) -> None:
    for of in (None, model):
        rule("temperature", model=of)
        with pytest.raises(IntegrityError), transaction.atomic():
            rule("temperature", model=of, locked=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        rule("max_iterations", minimum=5, maximum=4)
    with pytest.raises(IntegrityError), transaction.atomic():
        rule("effort", maximum=4)
