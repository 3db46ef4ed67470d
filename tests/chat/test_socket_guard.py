"""The guard's own promises: one stubborn socket keeps nobody else's open, and the guard never stops looking."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from accounts.live_credentials import Credential
from accounts.models import User
from accounts.tokens import issue
from chat.socket_guard import SocketGuard
from tests.chat.stage import eventually, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Open:
    """A socket that is open until it is turned away."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.turned_away = 0

    async def turn_away(self) -> None:
        self.turned_away += 1


class Stalled(Open):
    async def turn_away(self) -> None:
        await super().turn_away()
        await asyncio.Event().wait()


class Broken(Open):
    async def turn_away(self) -> None:
        await super().turn_away()
        raise RuntimeError("closed already")


def nobody() -> Credential:
    return Credential(user_id=uuid4(), token_id=uuid4())


def a_token_of(user: User) -> Credential:
    return Credential(user_id=user.pk, token_id=issue(user=user, scope="read").row.pk)


async def test_a_stalled_and_a_broken_socket_keep_no_other_open(user: User) -> None:
    guard = SocketGuard(check_every=0.01)
    sockets = [Stalled(nobody()), Broken(nobody()), Open(nobody()), Broken(nobody()), Open(nobody())]
    for socket in sockets:
        guard.add(socket)
    running = asyncio.create_task(guard.run())
    await eventually(lambda: all(socket.turned_away for socket in sockets))
    late = Open(nobody())
    guard.add(late)
    await eventually(lambda: late.turned_away)
    running.cancel()


async def test_whose_credential_holds_stays(user: User) -> None:
    guard = SocketGuard()
    mine = Open(await rows(a_token_of, user))
    guard.add(mine)
    await guard.check()
    assert mine.turned_away == 0
    assert guard.count(user.pk) == 1
    guard.remove(mine)
    assert guard.count(user.pk) == 0
    await guard.check()
