from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, User
from accounts.refusals import InvalidRequest, VersionConflict
from agents import settings_resolution
from agents.models import AgentConfig, LanguageModel, Provider, SettingRule, Wire
from agents.setting_ranges import (
    ANTHROPIC_DEFAULTS,
    CUSTOM_DEFAULTS,
    EFFORT,
    OPENAI_DEFAULTS,
    SettingName,
    SettingValues,
)
from agents.settings_resolution import copy_own, effective, effective_for_all, reset, save
from tests.agents.rows import make_model

Kind, Auth, Door = Provider.Kind, Provider.Auth, AuditEntry.Door
ANTHROPIC, OPENAI = Wire.ANTHROPIC_MESSAGES, Wire.OPENAI_CHAT


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


def test_the_built_in_defaults_are_the_specifications() -> None:
    assert (ANTHROPIC_DEFAULTS.max_output_tokens, OPENAI_DEFAULTS.max_output_tokens) == (8_192, 16_384)
    assert (ANTHROPIC_DEFAULTS.temperature, ANTHROPIC_DEFAULTS.max_iterations) == (0.7, 15)
    assert SettingValues(max_output_tokens=4_096, temperature=0.7, max_iterations=10) == CUSTOM_DEFAULTS


@pytest.mark.parametrize(
    ("kind", "auth", "wire", "expected"),
    [
        (Kind.ANTHROPIC, Auth.API_KEY, ANTHROPIC, ANTHROPIC_DEFAULTS),
        (Kind.OPENAI, Auth.API_KEY, OPENAI, OPENAI_DEFAULTS),
        (Kind.SANDBOX, Auth.NONE, ANTHROPIC, ANTHROPIC_DEFAULTS),
        (Kind.SANDBOX, Auth.NONE, OPENAI, OPENAI_DEFAULTS),
        (Kind.ANTHROPIC, Auth.OAUTH2, ANTHROPIC, CUSTOM_DEFAULTS),
        (Kind.OPENAI, Auth.OAUTH2, OPENAI, CUSTOM_DEFAULTS),
        (Kind.OPENAI_COMPATIBLE, Auth.API_KEY, OPENAI, CUSTOM_DEFAULTS),
        (Kind.OPENAI_COMPATIBLE, Auth.NONE, OPENAI, CUSTOM_DEFAULTS),
    ],
)
def test_each_kind_of_provider_has_its_defaults(
    db: None, kind: str, auth: str, wire: str, expected: SettingValues
) -> None:
    resolved = effective(user=None, model=make_model(kind=kind, auth=auth, wire=wire))
    assert resolved.stored == expected
    assert resolved.values == replace(
        expected, context_token_limit=expected.max_output_tokens, response_token_limit=expected.max_output_tokens
    )
    assert set(resolved.sources.values()) == {"default"}
    assert resolved.version == 0


def test_the_users_value_wins_over_the_organisations_over_the_default(owner: User, model: LanguageModel) -> None:
    save(user=None, model=model, changes={"max_output_tokens": 20_000, "temperature": 0.2})
    resolved = save(user=owner, model=model, changes={"temperature": 0.0})

    told = {name: (one["value"], one["source"], one["note"]) for name, one in resolved.as_dict()["values"].items()}
    assert told == {
        "max_output_tokens": (20_000, "organisation", "set by your organisation"),
        "temperature": (0.0, "user", "your setting"),
        "max_iterations": (15, "default", "default"),
        "last_messages": (20, "default", "default"),
        "max_age_minutes": (0, "default", "default"),
        "context_token_limit": (20_000, "default", "as Max Output Tokens says"),
        "response_token_limit": (20_000, "default", "as Max Output Tokens says"),
        "effort": ("", "default", "default"),
    }
    assert resolved.version == 1
    assert effective(user=owner, model=model) == resolved


def test_every_layer_is_told(owner: User, model: LanguageModel) -> None:
    save(user=None, model=model, changes={"temperature": 0.2})
    resolved = save(user=owner, model=model, changes={"temperature": 1.6})
    assert resolved.as_dict()["values"]["temperature"] == {
        "value": 1.0,
        "source": "limited",
        "note": "limited by the model: 1.0",
        "stored": 1.6,
        "default": 0.7,
        "organisation": 0.2,
        "own": 1.6,
        "locked": False,
        "minimum": 0.0,
        "maximum": 1.0,
        "choices": [],
    }
    assert resolved.sources["temperature"] == "user"
    assert AgentConfig.objects.get(user=owner).temperature == 1.6


def test_settings_are_of_one_person_and_one_model(owner: User, member: User, model: LanguageModel) -> None:
    other_model = make_model(model_id="other")
    save(user=owner, model=model, changes={"max_output_tokens": 50_000})
    assert effective(user=member, model=model).stored == ANTHROPIC_DEFAULTS
    assert effective(user=owner, model=other_model).stored == ANTHROPIC_DEFAULTS
    assert effective(user=None, model=model).stored == ANTHROPIC_DEFAULTS


def test_a_change_leaves_the_other_values_alone(owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"max_output_tokens": 50_000})
    resolved = save(user=owner, model=model, changes={"max_iterations": 3})
    assert (resolved.values.max_output_tokens, resolved.values.max_iterations) == (50_000, 3)


def test_a_refused_change_changes_nothing(owner: User, model: LanguageModel) -> None:
    with pytest.raises(InvalidRequest):
        save(user=owner, model=model, changes={"max_iterations": 3, "temperature": "0.5"})
    assert not AgentConfig.objects.exists()


def test_resetting_inherits_again(owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"max_output_tokens": 50_000, "temperature": 0.1})
    one = reset(user=owner, model=model, names=["temperature"])
    assert (one.values.temperature, one.values.max_output_tokens) == (0.7, 50_000)
    assert reset(user=owner, model=model).stored == ANTHROPIC_DEFAULTS


def test_none_is_no_value(owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"temperature": 0.1})
    with pytest.raises(InvalidRequest):
        save(user=owner, model=model, changes={"temperature": None})
    assert effective(user=owner, model=model).values.temperature == 0.1


def test_a_version_never_returns(owner: User, model: LanguageModel) -> None:
    versions = [
        save(user=owner, model=model, changes={"temperature": 0.1}).version,
        reset(user=owner, model=model).version,
        save(user=owner, model=model, changes={"temperature": 0.1}).version,
    ]
    assert versions == [1, 2, 3]


def test_what_changes_nothing_leaves_no_row_and_no_version(owner: User, model: LanguageModel) -> None:
    assert save(user=owner, model=model, changes={}).version == 0
    assert reset(user=owner, model=model).version == 0
    assert not AgentConfig.objects.exists()
    save(user=owner, model=model, changes={"temperature": 0.1})
    assert save(user=owner, model=model, changes={"temperature": 0.1}).version == 1


def test_a_stale_version_is_a_conflict_and_changes_nothing(owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"temperature": 0.1}, if_match=0)
    with pytest.raises(VersionConflict) as conflict:
        save(user=owner, model=model, changes={"temperature": 0.9}, if_match=0)
    assert conflict.value.params == {"version": 1}
    with pytest.raises(VersionConflict):
        reset(user=owner, model=model, if_match=7)
    assert effective(user=owner, model=model).values.temperature == 0.1


def test_a_conflict_on_a_row_that_is_not_there_makes_none(owner: User, model: LanguageModel) -> None:
    with pytest.raises(VersionConflict):
        save(user=owner, model=model, changes={"temperature": 0.9}, if_match=1)
    assert not AgentConfig.objects.exists()


def test_the_organisations_row_has_its_own_version(owner: User, model: LanguageModel) -> None:
    assert save(user=None, model=model, changes={"temperature": 0.1}).version == 1
    assert effective(user=owner, model=model).version == 0


def test_reading_takes_two_queries(
    owner: User, model: LanguageModel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    models = [model, make_model(model_id="a"), make_model(model_id="b")]
    with django_assert_num_queries(2):
        effective(user=owner, model=model)
    with django_assert_num_queries(2):
        assert len(effective_for_all(user=owner, models=models)) == 3


class TestTheAuditLog:
    def test_tells_who_changed_what_by_which_door(self, owner: User, staff: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"temperature": 0.1}, actor=owner, door=Door.PAGE)
        save(user=owner, model=model, changes={"temperature": 0.2, "max_iterations": 3}, actor=staff, door=Door.API)
        reset(user=owner, model=model, names=["temperature"], actor=owner, door=Door.PAGE)
        save(user=None, model=model, changes={"last_messages": 0}, door=Door.CONFIG)
        entries = AuditEntry.objects.order_by("pk")
        assert [(one.actor_name, one.door, one.action, one.changes) for one in entries] == [
            ("owner", "page", "created", {"temperature": [None, 0.1]}),
            ("staff", "api", "changed", {"temperature": [0.1, 0.2], "max_iterations": [None, 3]}),
            ("owner", "page", "reset", {"temperature": [0.2, None]}),
            ("", "config", "created", {"last_messages": [None, 0]}),
        ]
        assert entries[0].target_type == "agents.AgentConfig"
        assert entries[0].target_id == str(AgentConfig.objects.get(user=owner).pk)

    def test_is_silent_about_what_was_refused_or_changed_nothing(self, owner: User, model: LanguageModel) -> None:
        save(user=owner, model=model, changes={"temperature": 0.1})
        save(user=owner, model=model, changes={"temperature": 0.1})
        with pytest.raises(InvalidRequest):
            save(user=owner, model=model, changes={"temperature": 3})
        with pytest.raises(VersionConflict):
            save(user=owner, model=model, changes={"temperature": 0.3}, if_match=9)
        reset(user=owner, model=model, names=["max_iterations"])
        assert AuditEntry.objects.count() == 1

    def test_and_the_change_stand_or_fall_together(
        self, owner: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(**_: Any) -> None:
            raise OperationalError("disk full")

        monkeypatch.setattr(settings_resolution, "record", broken)
        with pytest.raises(OperationalError):
            save(user=owner, model=model, changes={"temperature": 0.1})
        assert not AgentConfig.objects.exists()


class TestCopying:
    def test_gives_others_what_i_have_set_and_nothing_else(self, owner: User, model: LanguageModel) -> None:
        other = make_model(model_id="gpt-4o", wire=OPENAI)
        save(user=None, model=model, changes={"max_output_tokens": 30_000})
        save(user=owner, model=model, changes={"temperature": 0.1, "last_messages": 0})
        save(user=owner, model=other, changes={"max_iterations": 3})
        [copied] = copy_own(user=owner, source=model, targets=[other], actor=owner, door=Door.API)
        assert (copied.model, copied.skipped) == (other, {})
        assert copied.settings == effective(user=owner, model=other)
        own = {name: one.own for name, one in copied.settings.settings.items() if one.own is not None}
        assert own == {"temperature": 0.1, "last_messages": 0, "max_iterations": 3}
        newest = AuditEntry.objects.latest("pk")
        assert (newest.door, newest.changes) == ("api", {"temperature": [None, 0.1], "last_messages": [None, 0]})

    def test_skips_what_a_model_does_not_allow_and_says_why(self, owner: User, model: LanguageModel) -> None:
        small = make_model(model_id="gpt-4", context_window=8_192, max_output_tokens=4_096)
        SettingRule.objects.create(setting="temperature", model=small, locked=True)
        save(user=owner, model=model, changes={"temperature": 0.1, "context_token_limit": 50_000, "max_iterations": 3})
        [copied] = copy_own(user=owner, source=model, targets=[small])
        assert copied.skipped == {
            "temperature": "locked by your organisation",
            "context_token_limit": "must be 0 or a whole number from 1,000 to 8,192",
        }
        assert copied.settings.settings["max_iterations"].own == 3

    def test_without_anything_of_ones_own_changes_nothing(self, owner: User, model: LanguageModel) -> None:
        other = make_model(model_id="gpt-4o")
        save(user=owner, model=other, changes={"max_iterations": 3})
        [copied] = copy_own(user=owner, source=model, targets=[other])
        assert copied.settings.version == 1
        assert not AgentConfig.objects.filter(model=model).exists()


BEYOND: dict[SettingName, list[Any]] = {
    "max_output_tokens": [0, 999, 100_001, -1],
    "temperature": [-0.1, 2.01],
    "max_iterations": [0, 26],
    "last_messages": [-1, 201],
    "max_age_minutes": [-1, 10_081],
    "context_token_limit": [1, 999, 2_000_001],
    "response_token_limit": [-1, 1_000_001],
    "effort": ["High", "default", " ", 3],
}


class TestTheDatabase:
    """Whoever writes past our checks meets the same ranges."""

    @pytest.mark.parametrize(("field", "value"), [(name, value) for name, values in BEYOND.items() for value in values])
    def test_holds_the_ranges_in_an_update_of_many(self, model: LanguageModel, field: str, value: Any) -> None:
        AgentConfig.objects.create(model=model)
        with pytest.raises(IntegrityError), transaction.atomic():
            AgentConfig.objects.update(**{field: value})

    @pytest.mark.parametrize("field", BEYOND)
    @pytest.mark.parametrize("literal", ["'lots'", "1e9", "-7"])
    def test_holds_the_ranges_in_plain_sql(self, model: LanguageModel, field: str, literal: str) -> None:
        AgentConfig.objects.create(model=model)
        with pytest.raises((IntegrityError, DataError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE agents_agentconfig SET {field} = {literal}")

    def test_keeps_no_temperature_that_is_no_number(self, model: LanguageModel) -> None:
        """SQLite stores none instead, which inherits; PostgreSQL refuses it."""
        AgentConfig.objects.create(model=model, temperature=0.5)
        with suppress(IntegrityError), transaction.atomic():
            AgentConfig.objects.update(temperature=float("nan"))
        assert AgentConfig.objects.get().temperature in (None, 0.5)

    def test_takes_0_where_it_stands_for_something(self, model: LanguageModel) -> None:
        names = ("last_messages", "max_age_minutes", "context_token_limit", "response_token_limit")
        AgentConfig.objects.create(model=model, **dict.fromkeys(names, 0))

    @pytest.mark.parametrize("word", [None, "", *EFFORT.words])
    def test_takes_every_effort_and_none(self, model: LanguageModel, word: str | None) -> None:
        AgentConfig.objects.create(model=model, effort=word)


@pytest.mark.django_db(transaction=True)
def test_of_many_first_saves_at_once_with_one_version_one_wins() -> None:
    user = User.objects.create_user(username="racer")
    model = make_model()
    racers = 6
    start = Barrier(racers)

    def race(number: int) -> bool:
        start.wait()
        try:
            save(user=user, model=model, changes={"max_iterations": number + 1}, if_match=0)
        except VersionConflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(racers) as pool:
        won = list(pool.map(race, range(racers)))
    assert won.count(True) == 1
    assert AgentConfig.objects.get().version == 1
