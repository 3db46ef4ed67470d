"""Live tests share one server and one database for their module; each makes people and conversations of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from django.core.management import call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from accounts.models import User
from agents import registry
from agents.governor.service import PacedGovernor
from agents.governor.stores import store_for_database
from tests.chat.stage import HeldSandbox, Person, Stage, new_person, staged

THREADS = 8


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's fixture, but for a whole module: nothing is rolled back, and all is deleted after the module."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def governor() -> Iterator[None]:
    """One that has met nobody yet, and does not sit out pauses that no provider asks for."""
    registry.use_governor(PacedGovernor(store=store_for_database(), haste=100.0))
    yield
    registry.close_governor()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def threads(transactional_db: None) -> AsyncIterator[None]:
    """The loop's threads, which leave no database connection open behind them."""
    executor = ThreadPoolExecutor(THREADS)
    asyncio.get_running_loop().set_default_executor(executor)
    yield
    together = threading.Barrier(THREADS)

    def close() -> None:
        together.wait()  # So that each thread closes its own.
        connections.close_all()

    await asyncio.gather(*(asyncio.to_thread(close) for _ in range(THREADS)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(threads: None) -> AsyncIterator[Stage]:
    async with staged() as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def ann(stage: Stage) -> Person:
    return await new_person()


@pytest_asyncio.fixture(loop_scope="module")
async def bob(stage: Stage) -> Person:
    """A stranger to everything of Ann's."""
    return await new_person()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(threads: None) -> HeldSandbox:
    """The stand-in provider of workers that run without a server."""
    sandbox = HeldSandbox()
    registry.use_sandbox(sandbox)
    return sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def user(sandbox: HeldSandbox) -> User:
    return (await new_person()).user
