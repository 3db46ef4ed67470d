"""The rate pool of a model, as the governor takes it: its row, or one of the model's own where there is none."""

from __future__ import annotations

from agents.governor.limits import Dimension, PoolLimits
from agents.governor.store import Pool
from agents.models import LanguageModel, RatePool


def pool_of(model: LanguageModel) -> Pool:
    """`model` with its provider and pool loaded. Where no limits are configured, they are learnt from headers."""
    account, row = str(model.provider_id), model.pool
    if row is None:
        limits = PoolLimits(per_minute={})
        return Pool(key=f"model:{model.pk}", limits=limits, account=account, name=str(model))
    return Pool(key=key_of(row), limits=limits_of(row), account=account, name=f"{model.provider.name} · {row.name}")


def key_of(row: RatePool) -> str:
    return f"pool:{row.pk}"


def limits_of(row: RatePool) -> PoolLimits:
    """What an admin has configured."""
    numbers: dict[Dimension, int | None] = {
        "requests": row.requests_per_minute,
        "input": row.input_tokens_per_minute,
        "output": row.output_tokens_per_minute,
        "tokens": row.tokens_per_minute,
    }
    per_minute = {name: float(number) for name, number in numbers.items() if number is not None}
    return PoolLimits(per_minute=per_minute, counts_cached=row.count_cached_input)
