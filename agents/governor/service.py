"""The governor at work: calls wait here for their turn in the queue of their pool, and settle when they end."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Callable

from agents.governor.base import Ask, Grant, Told
from agents.governor.call import PacedCall
from agents.governor.desk import Desk
from agents.governor.store import Pool, Store


class PacedGovernor:
    """`clock` gives Unix seconds, for what people are told; the store has its own time. `jitter` gives 0 to 1.
    `haste` divides the pauses that no provider asks for."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,  # noqa: S311 - it spreads retries
        haste: float = 1.0,
    ) -> None:
        self.store = store
        self._desk = Desk(store=store, clock=clock, jitter=jitter, siblings=self._siblings, haste=haste)
        self._accounts: dict[str, dict[str, Pool]] = {}

    async def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]:
        """Raises PoolBusy where the wait would be longer than the pool's patience, ContextImpossible where the call can
        never fit its pool, ProviderSpendLimit where the account is closed."""
        self._accounts.setdefault(ask.pool.account, {})[ask.pool.key] = ask.pool
        call = PacedCall(ask, desk=self._desk)
        try:
            async for step in call.admission():
                yield step
        finally:
            await call.leave()

    def wake(self, lease: str) -> None:
        """Let the call that waits in this process by that name ask again at once: its caller wants something else."""
        self.store.wake(lease)

    def _siblings(self, pool: Pool) -> list[Pool]:
        """The other pools of the account that this process has met."""
        return [other for other in self._accounts.get(pool.account, {}).values() if other.key != pool.key]
