"""A rate pool that a test empties and fills as it likes, so that calls wait for as long as it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents import registry
from agents.governor.core import PoolCore
from agents.models import LanguageModel, RatePool
from agents.pool_limits import pool_of

PER_MINUTE = 600_000


@dataclass(frozen=True, kw_only=True)
class Tap:
    """Of the pool that `model` is in."""

    model: LanguageModel

    async def empty(self, *, seconds: float = 100.0) -> None:
        """What is asked for next waits for about so long."""
        await self._set(lambda bucket: -seconds * bucket.refill)

    async def fill(self) -> None:
        """Whoever waits may go."""
        await self._set(lambda bucket: bucket.capacity)

    async def forget_prefixes(self) -> None:
        """As if all that the provider had cached had expired."""
        await registry.governor().store.change(
            pool_of(self.model), lambda core, now: core.state.experience.prefixes.clear()
        )

    async def _set(self, level_of: Any) -> None:
        def turn(core: PoolCore, now: float) -> None:
            core.pass_time(now)
            for name, bucket in core.state.buckets.items():
                if name != "requests":
                    bucket.level = level_of(bucket)
            core.dispatch(now)

        await registry.governor().store.change(pool_of(self.model), turn)


def with_pool(model_id: str, **limits: Any) -> Tap:
    """The model in a pool of its own that only we enforce."""
    model = LanguageModel.objects.get(model_id=model_id)
    limits = limits or {"tokens_per_minute": PER_MINUTE}
    model.pool = RatePool.objects.create(provider=model.provider, name=f"{model_id}-tap", **limits)
    model.save()
    return tap_of(model_id)


def tap_of(model_id: str) -> Tap:
    return Tap(model=LanguageModel.objects.select_related("provider", "pool").get(model_id=model_id))
