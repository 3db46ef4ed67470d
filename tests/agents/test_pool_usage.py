from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.governor.limits import Dimension
from agents.models import LanguageModel, ModelCall, RatePool
from agents.pool_usage import used_in_last_minute
from tests.agents.rows import make_model

NOW = timezone.now()


@pytest.fixture
def model(db: None) -> LanguageModel:
    model = make_model()
    model.pool = RatePool.objects.create(
        provider=model.provider,
        name="p",
        requests_per_minute=3,
        input_tokens_per_minute=1_000,
        output_tokens_per_minute=500,
    )
    model.save()
    return model


def call(model: LanguageModel, *, age: float = 1.0, **fields: Any) -> None:
    """A call that began `age` seconds ago, of which 100 tokens were expected and 50 may come back."""
    known = {"status": "completed", "estimated_input_tokens": 100, "max_output_tokens": 50, **fields}
    row = ModelCall.objects.create(model=model, **known)
    ModelCall.objects.filter(pk=row.pk).update(created_at=NOW - timedelta(seconds=age))


def used(model: LanguageModel) -> Mapping[Dimension, int]:
    assert model.pool is not None
    return used_in_last_minute(model.pool, now=NOW)


def test_what_the_provider_counted_counts(model: LanguageModel) -> None:
    call(model, input_tokens=70, output_tokens=9)
    call(model, input_tokens=30, output_tokens=1)
    assert used(model) == {"requests": 2, "input": 100, "output": 10, "tokens": 110}


def test_a_minute_and_not_more(model: LanguageModel) -> None:
    call(model, input_tokens=70, age=59)
    call(model, input_tokens=30, age=60)
    assert used(model)["input"] == 70


def test_what_is_not_known_yet_counts_with_its_estimate(model: LanguageModel) -> None:
    call(model, status="running")
    assert used(model) == {"requests": 1, "input": 100, "output": 50, "tokens": 150}


def test_a_failed_call_wrote_nothing(model: LanguageModel) -> None:
    call(model, status="failed")
    assert used(model) == {"requests": 1, "input": 100, "output": 0, "tokens": 100}


@pytest.mark.parametrize(("counts", "expected"), [(False, 20), (True, 100)])
def test_cached_input_counts_where_the_provider_counts_it(model: LanguageModel, counts: bool, expected: int) -> None:
    RatePool.objects.update(count_cached_input=counts)
    model.refresh_from_db()
    call(model, input_tokens=100, cache_read_tokens=80)
    assert used(model)["input"] == expected


def test_the_pools_models_alone_count_together(model: LanguageModel) -> None:
    sister = make_model(model_id="sister")
    sister.pool = model.pool
    sister.save()
    call(model, input_tokens=10)
    call(sister, input_tokens=20)
    call(make_model(model_id="stranger"), input_tokens=40)
    assert used(model)["input"] == 30


def test_an_unused_pool_is_all_there(model: LanguageModel) -> None:
    assert used(model) == {"requests": 0, "input": 0, "output": 0, "tokens": 0}
