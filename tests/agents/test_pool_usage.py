from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import LanguageModel, ModelCall, RatePool
from agents.pool_usage import Level, last_minute
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


def used(model: LanguageModel) -> dict[str, int]:
    assert model.pool is not None
    return {level.what: level.used for level in last_minute(model.pool, now=NOW)}


def test_what_the_provider_counted_counts(model: LanguageModel) -> None:
    call(model, input_tokens=70, output_tokens=9)
    call(model, input_tokens=30, output_tokens=1)
    assert used(model) == {"requests": 2, "input tokens": 100, "output tokens": 10}


def test_a_minute_and_not_more(model: LanguageModel) -> None:
    call(model, input_tokens=70, age=59)
    call(model, input_tokens=30, age=60)
    assert used(model)["input tokens"] == 70


def test_what_is_not_known_yet_counts_with_its_estimate(model: LanguageModel) -> None:
    call(model, status="running")
    assert used(model) == {"requests": 1, "input tokens": 100, "output tokens": 50}


def test_a_failed_call_wrote_nothing(model: LanguageModel) -> None:
    call(model, status="failed")
    assert used(model) == {"requests": 1, "input tokens": 100, "output tokens": 0}


@pytest.mark.parametrize(("counts", "expected"), [(False, 20), (True, 100)])
def test_cached_input_counts_where_the_provider_counts_it(model: LanguageModel, counts: bool, expected: int) -> None:
    RatePool.objects.update(count_cached_input=counts)
    model.refresh_from_db()
    call(model, input_tokens=100, cache_read_tokens=80)
    assert used(model)["input tokens"] == expected


def test_the_pools_models_alone_count_together(model: LanguageModel) -> None:
    sister = make_model(model_id="sister")
    sister.pool = model.pool
    sister.save()
    call(model, input_tokens=10)
    call(sister, input_tokens=20)
    call(make_model(model_id="stranger"), input_tokens=40)
    assert used(model)["input tokens"] == 30


def test_input_and_output_count_together_where_the_limit_does(db: None) -> None:
    model = make_model()
    model.pool = RatePool.objects.create(provider=model.provider, name="p", tokens_per_minute=100)
    model.save()
    call(model, input_tokens=70, output_tokens=50)
    assert last_minute(model.pool, now=NOW) == [Level(what="tokens", used=120, limit=100)]
    assert last_minute(model.pool, now=NOW)[0].left == 0


def test_an_unused_pool_is_all_there(model: LanguageModel) -> None:
    assert used(model) == {"requests": 0, "input tokens": 0, "output tokens": 0}
