from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from agents.governor.limits import PoolLimits
from agents.models import Provider, RatePool
from agents.pool_limits import limits_of


def made(**fields: Any) -> RatePool:
    return RatePool(provider=Provider(slug="p", name="p"), name="pool", **fields)


def test_what_is_entered_is_what_the_governor_takes() -> None:
    pool = made(
        requests_per_minute=50,
        input_tokens_per_minute=40_000,
        output_tokens_per_minute=8_000,
        concurrent_calls=4,
        token_burst_seconds=30,
        request_burst_seconds=1,
        patience_seconds=60,
    )
    assert limits_of(pool) == PoolLimits(
        per_minute={"requests": 50, "input": 40_000, "output": 8_000},
        burst_seconds={"requests": 1, "input": 30, "output": 30, "tokens": 30},
        concurrency=4,
        patience=60,
    )


def test_what_is_empty_is_as_usual() -> None:
    limits = limits_of(made(tokens_per_minute=40_000))
    assert limits == PoolLimits(per_minute={"tokens": 40_000}, patience=300)
    assert (limits.burst("tokens"), limits.burst("requests")) == (60, 6)


def test_a_pool_without_a_number_has_no_limit_yet_but_may_learn_some() -> None:
    limits = limits_of(made(token_burst_seconds=10))
    assert limits.per_minute == {}
    assert (limits.burst("input"), limits.burst("tokens"), limits.burst("requests")) == (10, 10, 6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("concurrent_calls", 0),
        ("token_burst_seconds", 0),
        ("token_burst_seconds", 61),
        ("request_burst_seconds", 0),
        ("request_burst_seconds", 61),
        ("patience_seconds", 0),
    ],
)
@pytest.mark.django_db
def test_nonsense_is_refused_by_the_form_and_by_the_database(field: str, value: int) -> None:
    provider = Provider.objects.create(slug="p", name="p", kind=Provider.Kind.SANDBOX, auth=Provider.Auth.NONE)
    pool = RatePool(provider=provider, name="pool", **{field: value})
    with pytest.raises(ValidationError) as refused:
        pool.full_clean()
    assert list(refused.value.message_dict) == [field]
    with pytest.raises(IntegrityError):
        pool.save()
