"""The seam of admission: every model call asks here before it is sent.

`Governor.reserve(ask)` yields `Waiting` events for as long as the call is held back, and then exactly one `Grant`. The
grant is settled with what the provider counted, or cancelled; both may be called once, in any outcome.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from agents.llm.events import Waiting
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Who wants to send what. `pool` is the id of the rate pool, or "" where the model has none."""

    request: ModelRequest
    pool: str
    user: str
    purpose: str


class Grant(Protocol):
    async def settle(self, usage: Usage | None) -> None:
        """The call ended; `usage` is None where the provider reported none: then the reservation counts as spent."""

    async def cancel(self) -> None:
        """The call was never sent."""


class Governor(Protocol):
    def reserve(self, ask: Ask) -> AsyncGenerator[Waiting | Grant]: ...
