"""A worker at its work without a server, as one process has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from chat.event_log import EventLog
from chat.hub import Hub
from chat.models import Turn
from chat.worker import Worker
from tests.chat.stage import PATIENCE, rows


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A worker at its work, as one process has it."""

    worker: Worker
    log: EventLog
    hub: Hub


@asynccontextmanager
async def open_shop(*, capacity: int = 100, heartbeat: float = 0.05) -> AsyncIterator[Shop]:
    hub = Hub()
    log = EventLog(hub, window=0.01)
    worker = Worker(log=log, hub=hub, capacity=capacity, poll=0.02, heartbeat=heartbeat)
    tasks = [asyncio.create_task(log.run()), asyncio.create_task(worker.run())]
    try:
        yield Shop(worker=worker, log=log, hub=hub)
    finally:
        await worker.stop()
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


def statuses(ids: Sequence[UUID]) -> list[str]:
    found = dict(Turn.objects.filter(pk__in=ids).values_list("pk", "status"))
    return [found[id] for id in ids]


async def until_all(ids: Sequence[UUID], *wanted: str) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await rows(statuses, ids)
            if all(status in wanted for status in found):
                return found
            await asyncio.sleep(0.01)
