"""`python -m tests.services.pool_process KEY HOW`: another process that makes calls on a rate pool, to be killed.

It prints a line for what it has reached. `waits` holds one call and waits for another, for ever; `locks` hangs in the
middle of a change; `calls` makes `CALLS` calls at once, and prints when each was granted.
"""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import uuid4

import django

from agents.governor.core import Granted, PoolCore
from agents.governor.limits import PoolLimits
from agents.governor.store import Pool, Store
from tests.agents.governor.pools import LIMITS
from tests.agents.governor.store_suite import asking, ending

CALLS, TOKENS = 50, 500.0
QUICK = PoolLimits(per_minute={"input": 2_400_000.0}, burst_seconds={"input": 0.5})


async def waits(store: Store, key: str) -> None:
    pool = Pool(key=key, limits=LIMITS)
    await store.change(pool, asking("held", tokens=20_000))
    await store.change(pool, asking("waiting", tokens=30_000))
    say("waits")
    await store.woken("waiting", within=600)


async def locks(store: Store, key: str) -> None:
    def hang(core: PoolCore, now: float) -> None:
        asking("never", tokens=20_000)(core, now)
        say("locks")
        time.sleep(600)

    await store.change(Pool(key=key, limits=LIMITS), hang)


async def calls(store: Store, key: str) -> None:
    pool = Pool(key=key, limits=QUICK)

    async def call(user: str) -> None:
        lease = uuid4().hex

        def ask(core: PoolCore, now: float) -> float | None:
            verdict = asking(lease, tokens=TOKENS, user=user)(core, now)
            return core.state.held[lease].granted_at if isinstance(verdict, Granted) else None

        while (at := await store.change(pool, ask)) is None:
            await store.woken(lease, within=1.0)
        say(repr(at))
        await asyncio.sleep(0.05)
        await store.change(pool, ending(lease, tokens=TOKENS))

    await asyncio.gather(*(call(f"user-{number % 7}") for number in range(CALLS)))


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> None:
    django.setup()
    from agents.governor.postgres import PostgresStore

    key, how = sys.argv[1:]
    asyncio.run({"waits": waits, "locks": locks, "calls": calls}[how](PostgresStore(), key))


if __name__ == "__main__":
    main()
