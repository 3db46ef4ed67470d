"""Live tests share one server and one database for their module; each makes people and conversations of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from accounts.models import User
from agents import registry
from tests.chat.stage import HeldSandbox, Person, Stage, new_person, staged


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's fixture, but for a whole module: nothing is rolled back, and all is deleted after the module."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(transactional_db: None) -> AsyncIterator[Stage]:
    async with staged() as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def ann(stage: Stage) -> Person:
    return await new_person()


@pytest_asyncio.fixture(loop_scope="module")
async def bob(stage: Stage) -> Person:
    """A stranger to everything of Ann's."""
    return await new_person()


@pytest.fixture(scope="module")
def sandbox(transactional_db: None) -> HeldSandbox:
    """The stand-in provider of workers that run without a server."""
    sandbox = HeldSandbox()
    registry.use_sandbox(sandbox)
    return sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def user(sandbox: HeldSandbox) -> User:
    return (await new_person()).user
