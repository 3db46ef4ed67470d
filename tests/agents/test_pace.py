"""The pace that a person may keep is told by their own newest calls, once there are some."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from agents.models import LanguageModel, ModelCall, RatePool
from agents.pace import LEAST, counted_per_call, safe_pace
from agents.settings_resolution import effective
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LanguageModel:
    row = make_model()
    row.pool = RatePool.objects.create(provider=row.provider, name="pool", input_tokens_per_minute=40_000)
    row.save()
    return row


def call(model: LanguageModel, user: User, *, whole: int | None, read: int | None, status: str = "completed") -> None:
    ModelCall.objects.create(
        model=model,
        user=user,
        status=status,
        estimated_input_tokens=1,
        max_output_tokens=1,
        input_tokens=whole,
        cache_read_tokens=read,
    )


def cached(model: LanguageModel, user: User | None) -> float | None:
    counted = counted_per_call(user=user, models=[model])
    safe = safe_pace(effective(user=user, model=model).values, model=model, counted=counted)
    assert safe is not None
    return safe.cached_calls


def test_before_there_are_enough_calls_simulated_ones_speak(model: LanguageModel, owner: User) -> None:
    at_first = cached(model, owner)
    for _ in range(LEAST - 1):
        call(model, owner, whole=6_000, read=4_000)
    assert cached(model, owner) == at_first
    call(model, owner, whole=6_000, read=4_000)
    assert cached(model, owner) == 20


def test_only_whole_calls_of_the_same_person_and_model_count(model: LanguageModel, owner: User, member: User) -> None:
    other = make_model(model_id="other")
    for _ in range(LEAST):
        call(model, owner, whole=6_000, read=4_000)
        call(other, owner, whole=9_000, read=1)
        call(model, member, whole=5_000, read=4_500)
        call(model, owner, whole=None, read=None)
        call(model, owner, whole=9_000, read=1, status="failed")
    assert counted_per_call(user=owner, models=[model]) == {model.pk: 2_000}
    assert counted_per_call(user=member, models=[model, other]) == {model.pk: 500}
    assert counted_per_call(user=None, models=[model]) == {model.pk: 1_250}


def test_calls_that_find_nothing_in_a_cache_say_nothing_of_caching(model: LanguageModel, owner: User) -> None:
    for number in range(3 * LEAST):
        call(model, owner, whole=6_000, read=4_000 if number % 3 == 0 else 0)
    assert counted_per_call(user=owner, models=[model]) == {}


def test_it_is_one_query_for_all_models(
    model: LanguageModel, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    models = [model, *(make_model(model_id=f"m{number}") for number in range(5))]
    with django_assert_num_queries(1):
        counted_per_call(user=owner, models=models)


def test_without_a_pool_there_is_nothing_to_say(owner: User) -> None:
    row = make_model()
    assert safe_pace(effective(user=owner, model=row).values, model=row, counted={}) is None
