"""What is in force, and what is said about it: exact examples, then every combination of layers, rules and models."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, Provider, SettingRule, Wire
from agents.setting_ranges import ALL_RANGES, ALL_SETTINGS, EFFORT, Range, SettingName
from agents.settings_resolution import EffectiveSetting, effective
from tests.agents.rows import make_model
from tests.agents.settings_worlds import World, worlds

examples = settings(
    max_examples=int(os.environ.get("SETTINGS_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def one(name: Any, model: LanguageModel, **own: Any) -> EffectiveSetting:
    user = User.objects.create_user(username="somebody")
    if own:
        AgentConfig.objects.create(model=model, user=user, **own)
    return effective(user=user, model=model).settings[name]


@pytest.mark.django_db
class TestTheModelLimits:
    @pytest.mark.parametrize(
        ("model", "wire", "stored", "value", "note"),
        [
            ("claude-sonnet-4-6", Wire.ANTHROPIC_MESSAGES, 1.6, 1.0, "limited by the model: 1.0"),
            ("claude-sonnet-4-6", Wire.ANTHROPIC_MESSAGES, 1.0, 1.0, "your setting"),
            ("gpt-4o", Wire.OPENAI_CHAT, 2.0, 2.0, "your setting"),
            ("claude-opus-5-5", Wire.ANTHROPIC_MESSAGES, 0.0, None, "not sent: this model takes no temperature"),
            ("gpt-5-mini", Wire.OPENAI_CHAT, 1.0, None, "not sent: this model takes its own default only"),
            (
                "gpt-7",
                Wire.OPENAI_CHAT,
                0.5,
                None,
                "not sent: it is not known whether this model takes a temperature",
            ),
            (
                "meta/llama-3:70b",
                Wire.OPENAI_CHAT,
                1.3,
                1.0,
                "limited by the model: 1.0 (it is not known whether this model takes more)",
            ),
        ],
    )
    def test_the_temperature(self, model: str, wire: str, stored: float, value: float | None, note: str) -> None:
        setting = one("temperature", make_model(model_id=model, wire=wire), temperature=stored)
        assert (setting.value, setting.stored, setting.note) == (value, stored, note)
        assert setting.source == ("user" if note == "your setting" else "limited")

    def test_the_reply_to_the_models_own_maximum(self) -> None:
        model = make_model(model_id="gpt-4o", wire=Wire.OPENAI_CHAT, context_window=128_000, max_output_tokens=16_384)
        setting = one("response_token_limit", model, max_output_tokens=50_000)
        assert (setting.value, setting.stored, setting.source) == (16_384, 0, "limited")
        assert setting.note == "as Max Output Tokens says; limited by the model: 16,384"
        tokens = effective(user=User.objects.get(), model=model).settings["max_output_tokens"]
        assert (tokens.value, tokens.note) == (50_000, "your setting")

    def test_input_and_reply_share_the_window(self) -> None:
        model = make_model(model_id="gpt-4", wire=Wire.OPENAI_CHAT, context_window=8_192, max_output_tokens=4_096)
        setting = one("context_token_limit", model, context_token_limit=8_192)
        assert (setting.value, setting.note) == (4_096, "limited by the model: 4,096")
        assert effective(user=User.objects.get(), model=model).values.reply_cap == 4_096

    def test_a_reply_as_long_as_the_window_leaves_half_of_it(self) -> None:
        model = make_model(context_window=4_096, max_output_tokens=4_096)
        values = effective(user=None, model=model).values
        assert (values.max_output_tokens, values.token_limit, values.reply_cap) == (4_096, 2_048, 2_048)

    def test_the_ends_that_are_told_are_those_that_can_take_effect(self) -> None:
        model = make_model(context_window=50_000, max_output_tokens=9_000)
        told = {name: (s.minimum, s.maximum) for name, s in effective(user=None, model=model).settings.items()}
        assert told == {
            "max_output_tokens": (1_000, 50_000),
            "temperature": (0.0, 1.0),
            "max_iterations": (1, 25),
            "last_messages": (0, 200),
            "max_age_minutes": (0, 10_080),
            "context_token_limit": (1_000, 50_000),
            "response_token_limit": (1, 9_000),
            "effort": (None, None),
        }


@pytest.mark.django_db
class TestEffort:
    """Sent where the model has it; kept, and said so, where it has not."""

    @pytest.mark.parametrize(
        ("model_id", "effort", "value", "note"),
        [
            ("claude-sonnet-5-5", "xhigh", "xhigh", "your setting"),
            ("claude-sonnet-5-5", "none", None, "not sent: this model has no effort “none”"),
            ("claude-haiku-5-5", "none", "none", "your setting"),
            ("claude-haiku-4-5", "high", None, "not sent: this model takes no effort"),
            ("claude-next", "high", None, "not sent: it is not known whether this model takes an effort"),
            ("claude-haiku-4-5", "", "", "your setting"),
        ],
    )
    def test_one_that_the_model_does_not_have_is_not_sent(
        self, model_id: str, effort: str, value: str | None, note: str
    ) -> None:
        setting = one("effort", make_model(model_id=model_id, slug="anthropic"), effort=effort)
        assert (setting.value, setting.stored, setting.note) == (value, effort, note)
        assert setting.source == ("limited" if value is None else "user")

    def test_the_choices_are_those_of_the_model(self) -> None:
        for model_id, choices in (("claude-opus-4-6", ("low", "medium", "high", "max")), ("claude-haiku-4-5", ())):
            resolved = effective(user=None, model=make_model(model_id=model_id))
            assert resolved.settings["effort"].choices == choices

    def test_what_is_written_over_the_model_counts(self) -> None:
        model = make_model(model_id="nobody-knows")
        model.capabilities = {"efforts": ["low", "high"]}
        setting = one("effort", model, effort="low")
        assert (setting.value, setting.choices) == ("low", ("low", "high"))

    def test_what_the_provider_refused_is_not_sent_again(self) -> None:
        model = make_model(model_id="claude-sonnet-5-5")
        model.refused_parameters = ["effort"]
        assert one("effort", model, effort="high").value is None

    def test_the_models_own_default_is_a_value_too(self) -> None:
        model = make_model(model_id="claude-sonnet-5-5")
        AgentConfig.objects.create(model=model, effort="high")
        assert effective(user=None, model=model).settings["effort"].value == "high"
        mine = one("effort", model, effort="")
        assert (mine.value, mine.source) == ("", "user")

    def test_a_locked_one_is_the_organisations(self) -> None:
        model = make_model(model_id="claude-sonnet-5-5")
        AgentConfig.objects.create(model=model, effort="low")
        SettingRule.objects.create(setting="effort", locked=True)
        setting = one("effort", model, effort="max")
        assert (setting.value, setting.note, setting.own) == ("low", "locked by your organisation", "max")


@pytest.mark.django_db
def test_a_lock_and_the_model_are_both_told() -> None:
    model = make_model()
    AgentConfig.objects.create(model=model, temperature=1.5)
    SettingRule.objects.create(setting="temperature", locked=True)
    setting = one("temperature", model, temperature=0.1)
    assert (setting.value, setting.stored, setting.source) == (1.0, 1.5, "limited")
    assert setting.note == "locked by your organisation; limited by the model: 1.0"


def check_told(world: World, name: SettingName, setting: EffectiveSetting) -> None:
    rule = world.rule(name)
    assert setting.stored == world.stored(name)
    assert (setting.own, setting.organisation) == (world.own.get(name), world.organisation.get(name))
    assert setting.locked == (rule is not None and rule.locked)
    assert setting.note.startswith("locked by your organisation") == setting.locked
    assert (setting.source == "limited") == ("limited by" in setting.note or "not sent" in setting.note)
    assert setting.source in ("limited", setting.layer)


def check_inside(bounds: Range, setting: EffectiveSetting) -> None:
    assert setting.minimum is not None
    assert setting.maximum is not None
    assert setting.minimum <= setting.maximum
    assert bounds.minimum <= setting.maximum <= bounds.maximum
    is_number = setting.value is not None and not (setting.value == 0 and bounds.zero_means)
    if is_number and not bounds.advanced:
        assert setting.minimum <= setting.value <= setting.maximum  # type: ignore[operator]


def check(world: World, user: User, model: LanguageModel, client: Client) -> None:
    resolved = effective(user=user, model=model)
    expected = world.expected()
    assert {name: setting.value for name, setting in resolved.settings.items()} == expected
    assert vars(resolved.values) == expected
    assert resolved.values.token_limit + resolved.values.reply_cap <= model.context_window
    for one in ALL_SETTINGS:
        check_told(world, one.name, resolved.settings[one.name])
    for bounds in ALL_RANGES:
        check_inside(bounds, resolved.settings[bounds.name])
    effort = resolved.settings[EFFORT.name]
    assert effort.value in (None, "", *effort.choices)
    answer = client.get(f"/api/v1/agent-configs/{model.provider.slug}/{model.model_id}").json()
    assert {"values": answer["values"], "version": answer["version"]} == resolved.as_dict()


@pytest.mark.django_db
@given(world=worlds())
@examples
def test_every_combination_comes_out_as_it_must_and_the_api_says_the_same(
    owner: User, owner_client: Client, world: World
) -> None:
    with transaction.atomic():
        model = world.build(owner)
        check(world, owner, model, owner_client)
        transaction.set_rollback(True)


@pytest.mark.django_db
@given(world=worlds())
@examples
def test_what_is_in_force_for_nobody_in_particular_has_no_own_value(world: World) -> None:
    with transaction.atomic():
        somebody = User.objects.create_user(username="somebody")
        model = world.build(somebody)
        mine, theirs = effective(user=somebody, model=model), effective(user=None, model=model)
        assert (mine.version, theirs.version) == (7, 1)
        assert all(setting.own is None and setting.layer != "user" for setting in theirs.settings.values())
        AgentConfig.objects.filter(user=somebody).delete()
        assert effective(user=somebody, model=model).as_dict() == theirs.as_dict() | {"version": 0}
        transaction.set_rollback(True)


def test_the_worlds_know_every_kind_of_provider() -> None:
    """A new kind needs a model here, or the properties above would not see it."""
    from tests.agents.settings_worlds import MODELS

    assert {make.get("kind", Provider.Kind.SANDBOX) for make in MODELS.values()} == set(Provider.Kind)
