"""A rate pool's row as its governor takes it: the key of its state, and its limits."""

from __future__ import annotations

import time
from dataclasses import replace

from agents.governor.limits import Dimension, PoolLimits
from agents.governor.store import Pool
from agents.models import LanguageModel, Provider, RatePool

_TOKENS: tuple[Dimension, ...] = ("input", "output", "tokens")


def pool_key(pool: RatePool) -> str:
    return f"pool:{pool.pk}"


def model_key(model: LanguageModel) -> str:
    """That of its pool; of its own where it is in none."""
    return f"pool:{model.pool_id}" if model.pool_id else f"model:{model.pk}"


def limits_of(pool: RatePool) -> PoolLimits:
    """What an admin entered; a limit that is empty is left out, and may still be learnt.

    Which dimensions there are says how a call is charged. Input and output apart: each with its estimate, as Anthropic
    does. `tokens`: input and the whole reply cap together when it is admitted, as OpenAI does.
    """
    entered: dict[Dimension, int | None] = {
        "requests": pool.requests_per_minute,
        "input": pool.input_tokens_per_minute,
        "output": pool.output_tokens_per_minute,
        "tokens": pool.tokens_per_minute,
    }
    return PoolLimits(
        per_minute={name: float(limit) for name, limit in entered.items() if limit is not None},
        burst_seconds=_bursts(pool),
        concurrency=pool.concurrent_calls,
        patience=float(pool.patience_seconds),
        counts_cached=pool.count_cached_input,
    )


def pool_of(model: LanguageModel) -> Pool:
    """`model` with its provider and pool loaded. Where no limits are entered, they are learnt from headers; our own
    stand-in has none then."""
    row, account = model.pool, str(model.provider_id)
    if row is None:
        is_sandbox = model.provider.kind == Provider.Kind.SANDBOX
        limits = PoolLimits(per_minute={}, is_unlimited=is_sandbox, revision=time.time())
        return Pool(key=model_key(model), limits=limits, account=account, name=str(model))
    limits = replace(limits_of(row), revision=time.time())
    return Pool(key=pool_key(row), limits=limits, account=account, name=f"{model.provider.name} · {row.name}")


def _bursts(pool: RatePool) -> dict[Dimension, float]:
    """For every dimension, because one that is not entered may be learnt."""
    bursts: dict[Dimension, float] = {}
    if pool.request_burst_seconds is not None:
        bursts["requests"] = float(pool.request_burst_seconds)
    if pool.token_burst_seconds is not None:
        bursts |= dict.fromkeys(_TOKENS, float(pool.token_burst_seconds))
    return bursts
