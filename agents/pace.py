"""How often a person may call a model before waiting: from the numbers of its pool and from their own newest calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean
from uuid import UUID

from accounts.models import User
from agents.model_counter import counter_of, frame_tokens
from agents.models import LanguageModel, ModelCall
from agents.pool_estimate import Load, PoolLimits, SafeForLimit, safe_for_limit
from agents.roster import Agent, default_agent
from agents.setting_ranges import SettingValues

NEWEST = 500
"""Calls, over all models, that are looked at."""

LEAST = 10
"""Calls of one model from which on they say more than the simulated ones."""

Counted = Mapping[UUID, float]
"""By model: the mean input tokens that one call counts where cached input is free."""


def counted_per_call(*, user: User | None, models: Sequence[LanguageModel]) -> Counted:
    """One query, whatever the number of models. Without a user: everyone's calls. A model whose calls rarely found
    their prefix in the cache is left out: they say nothing of how it would be with one."""
    calls = ModelCall.objects.filter(status=ModelCall.Status.COMPLETED, input_tokens__gt=0)
    own = calls if user is None else calls.filter(user=user)
    newest = own.order_by("-created_at").values_list("model_id", "input_tokens", "cache_read_tokens")[:NEWEST]
    found: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for model_id, whole, read in newest:
        if model_id is not None and whole is not None:
            found[model_id].append((whole, min(whole, read or 0)))
    wanted = {model.pk for model in models}
    return {model_id: _mean(calls) for model_id, calls in found.items() if model_id in wanted and _tells(calls)}


def safe_pace(
    values: SettingValues, *, model: LanguageModel, counted: Counted, agent: Agent | None = None
) -> SafeForLimit | None:
    """`values` are effective ones; `agent` is the default one, unless it is given. None where no pool is known, or
    nothing limits its calls."""
    if model.pool is None:
        return None
    load = Load(
        token_limit=values.token_limit,
        reply_cap=values.reply_cap,
        prefix_tokens=frame_tokens(agent or default_agent(), counter_of(model)),
        counted_per_call=counted.get(model.pk),
    )
    return safe_for_limit(PoolLimits.of(model.pool), load=load)


def _tells(calls: Sequence[tuple[int, int]]) -> bool:
    return len(calls) >= LEAST and sum(read > 0 for _, read in calls) * 2 >= len(calls)


def _mean(calls: Sequence[tuple[int, int]]) -> float:
    return mean(whole - read for whole, read in calls)
