"""A governor that grants every call at once, for the few that no pool counts or no pool may hold back."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from agents.governor.base import Ask, Grant, Reserved, Retry, Told
from agents.llm.errors import LLMError
from agents.llm.events import CallAdmitted
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest


class FreeGrant:
    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self.reserved = Reserved()

    def admitted(self, event: CallAdmitted) -> None:
        return None

    async def settle(self, usage: Usage | None) -> None:
        return None

    async def failed(self, error: LLMError, *, begun: bool) -> Retry | None:
        """What fails is told as it is."""
        return None

    async def cancel(self) -> None:
        return None


class PassThrough:
    async def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]:
        yield FreeGrant(ask.request)
