"""The store of one process. There is no other process, so every instance of the suite is the same one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.governor.memory import MemoryStore
from agents.governor.store import Store
from tests.agents.governor.store_suite import Open, StoreSuite


@pytest.fixture
def open_store() -> Open:
    stores: dict[Callable[[], float] | None, Store] = {}

    def open_one(clock: Callable[[], float] | None) -> Store:
        return stores.setdefault(clock, MemoryStore(clock=clock))

    return open_one


@pytest.mark.asyncio
class TestMemoryStore(StoreSuite):
    pass
