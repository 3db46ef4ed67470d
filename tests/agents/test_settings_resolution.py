from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.refusals import InvalidRequest, VersionConflict
from agents.models import AgentConfig, LanguageModel, Provider, Wire
from agents.setting_ranges import ANTHROPIC_DEFAULTS, CUSTOM_DEFAULTS, OPENAI_DEFAULTS, SettingValues
from agents.settings_resolution import effective, effective_for_all, reset, save
from tests.agents.rows import make_model

Kind, Auth = Provider.Kind, Provider.Auth
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
    assert resolved.values == expected
    assert set(resolved.sources.values()) == {"default"}
    assert resolved.version == 0


def test_the_users_value_wins_over_the_organisations_over_the_default(owner: User, model: LanguageModel) -> None:
    save(user=None, model=model, changes={"max_output_tokens": 20_000, "temperature": 0.2})
    resolved = save(user=owner, model=model, changes={"temperature": 0.0})

    assert resolved.as_dict() == {
        "values": {
            "max_output_tokens": {"value": 20_000, "source": "organisation"},
            "temperature": {"value": 0.0, "source": "user"},
            "max_iterations": {"value": 15, "source": "default"},
        },
        "version": 1,
    }
    assert effective(user=owner, model=model) == resolved


def test_settings_are_of_one_person_and_one_model(owner: User, member: User, model: LanguageModel) -> None:
    other_model = make_model(model_id="other")
    save(user=owner, model=model, changes={"max_output_tokens": 50_000})
    assert effective(user=member, model=model).values == ANTHROPIC_DEFAULTS
    assert effective(user=owner, model=other_model).values == ANTHROPIC_DEFAULTS
    assert effective(user=None, model=model).values == ANTHROPIC_DEFAULTS


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
    assert reset(user=owner, model=model).values == ANTHROPIC_DEFAULTS


def test_none_as_a_value_inherits_again(owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"temperature": 0.1})
    assert save(user=owner, model=model, changes={"temperature": None}).sources["temperature"] == "default"


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


def test_reading_takes_one_query(
    owner: User, model: LanguageModel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    models = [model, make_model(model_id="a"), make_model(model_id="b")]
    with django_assert_num_queries(1):
        effective(user=owner, model=model)
    with django_assert_num_queries(1):
        assert len(effective_for_all(user=owner, models=models)) == 3


@pytest.mark.parametrize("field", ["max_output_tokens", "max_iterations", "temperature"])
def test_the_database_holds_the_ranges_too(model: LanguageModel, field: str) -> None:
    for value in (0 if field != "temperature" else -0.1, 100_001 if field == "max_output_tokens" else 26):
        with pytest.raises(IntegrityError), transaction.atomic():
            AgentConfig.objects.create(model=model, **{field: value})


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
