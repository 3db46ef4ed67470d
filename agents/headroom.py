"""How much room the rate pools have now. Read from the governor's states; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from agents.availability import available_models
from agents.governor.levels import PoolLevels, levels_of
from agents.governor.limits import PoolLimits
from agents.governor.peek import peek
from agents.models import LanguageModel, RatePool
from agents.pool_limits import limits_of, model_key, pool_key

_LEARNT_ALONE = PoolLimits(per_minute={})


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """`pool` is None for a model that is in none; `models` are those of it that can be chosen, at least one."""

    key: str
    pool: RatePool | None
    models: tuple[LanguageModel, ...]
    levels: PoolLevels


def headroom_for(user: User, *, now: float) -> list[Headroom]:
    """Of every pool that the person could use, in the order of the pickers. `now` in Unix seconds."""
    sharing: dict[str, list[LanguageModel]] = {}
    for model in available_models(user):
        sharing.setdefault(model_key(model), []).append(model)
    return [
        Headroom(key=key, pool=models[0].pool, models=tuple(models), levels=_levels(key, models[0].pool, now=now))
        for key, models in sharing.items()
    ]


def levels_of_pool(pool: RatePool, *, now: float) -> PoolLevels:
    return _levels(pool_key(pool), pool, now=now)


def _levels(key: str, pool: RatePool | None, *, now: float) -> PoolLevels:
    return levels_of(limits_of(pool) if pool else _LEARNT_ALONE, peek(key), now=now)
