from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from django.db import DatabaseError, connection, connections

from accounts.models import User
from agents.threads import in_thread

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


@pytest_asyncio.fixture(autouse=True)
async def one_thread() -> AsyncIterator[None]:
    """The loop's only thread, so that each work meets the connection of the one before."""
    executor = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(executor)
    yield
    await asyncio.to_thread(connections.close_all)


async def test_it_gives_the_result_from_another_thread() -> None:
    def work(number: int, *, more: int) -> tuple[int, int]:
        return number + more, threading.get_ident()

    result, thread = await in_thread(work)(1, more=2)
    assert result == 3
    assert thread != threading.get_ident()


async def test_a_fault_comes_through() -> None:
    with pytest.raises(User.DoesNotExist):
        await in_thread(User.objects.get)(username="nobody")


async def test_the_connection_is_kept() -> None:
    def work() -> object:
        connection.ensure_connection()
        return connection.connection

    assert await in_thread(work)() is await in_thread(work)()


async def test_a_connection_that_was_left_in_a_transaction_is_not_used_again() -> None:
    def leave_open() -> object:
        connection.set_autocommit(False)
        User.objects.create(username="torn")
        return connection.connection

    left = await in_thread(leave_open)()
    assert await in_thread(User.objects.filter(username="torn").exists)() is False
    assert await in_thread(lambda: connection.connection)() is not left


async def test_after_a_broken_statement_the_next_work_has_a_connection_that_works() -> None:
    def break_it() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    with pytest.raises(DatabaseError):
        await in_thread(break_it)()
    assert await in_thread(User.objects.count)() == 0
