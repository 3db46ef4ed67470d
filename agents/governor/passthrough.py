"""A governor that grants every call at once. It holds the seam; it enforces no limit."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from agents.governor.base import Ask, Grant
from agents.llm.events import Waiting
from agents.llm.messages import Usage


class FreeGrant:
    async def settle(self, usage: Usage | None) -> None:
        return None

    async def cancel(self) -> None:
        return None


class PassThrough:
    async def reserve(self, ask: Ask) -> AsyncGenerator[Waiting | Grant]:
        yield FreeGrant()
