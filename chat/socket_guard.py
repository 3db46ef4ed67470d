"""The sockets of one process: how many each user has, and whether what they were opened with still holds."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import Protocol
from uuid import UUID

from accounts.live_credentials import Credential, no_longer_valid
from agents.threads import in_thread

CHECK_EVERY = 3.0  # seconds; a socket must be gone 5 s after its user signed out

logger = logging.getLogger(__name__)


class Guarded(Protocol):
    @property
    def credential(self) -> Credential: ...

    async def turn_away(self) -> None:
        """Close: its user is no longer signed in."""


class SocketGuard:
    def __init__(self, *, check_every: float = CHECK_EVERY) -> None:
        self._check_every = check_every
        self._sockets: defaultdict[UUID, set[Guarded]] = defaultdict(set)

    def add(self, socket: Guarded) -> None:
        self._sockets[socket.credential.user_id].add(socket)

    def remove(self, socket: Guarded) -> None:
        user_id = socket.credential.user_id
        self._sockets[user_id].discard(socket)
        if not self._sockets[user_id]:
            del self._sockets[user_id]

    def count(self, user_id: UUID) -> int:
        return len(self._sockets.get(user_id, ()))

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._check_every)
            try:
                await self.check()
            except Exception:
                logger.exception("could not check the sockets' users; trying again")

    async def check(self) -> None:
        sockets = [socket for group in self._sockets.values() for socket in group]
        if not sockets:
            return
        gone = await in_thread(no_longer_valid)({socket.credential for socket in sockets})
        # Together, and not for ever: a client that reads nothing keeps nobody else's socket open.
        closing = [asyncio.create_task(socket.turn_away()) for socket in sockets if socket.credential in gone]
        for task in closing:
            task.add_done_callback(_report)
        if closing:
            await asyncio.wait(closing, timeout=self._check_every)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("could not close a socket", exc_info=task.exception())
