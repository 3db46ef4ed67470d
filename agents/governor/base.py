"""The seam of admission: every model call asks here before it is sent.

`Governor.reserve(ask)` yields what holds the call back or changes it for as long as it is not granted, and then exactly
one `Grant`. The grant is told what the provider says, and is ended once: settled with what the provider counted, failed
with the error, or cancelled.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from agents.governor.store import Pool
from agents.llm.errors import LLMError
from agents.llm.events import CallAdmitted, CallGranted, CallRefitted, Waiting, WaitReason
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest

Told = Waiting | CallRefitted | CallGranted
"""What the caller of a call that is not granted yet is told."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Who wants to send what. `lease` names the call in its pool, however often it is tried. `tries` is how often it
    was sent already, and `reason` why it must wait then. `wants_shorter`: whoever waits for it has asked to send less
    rather than to wait."""

    request: ModelRequest
    pool: Pool
    user: str
    purpose: str
    lease: str
    tries: int = 0
    reason: WaitReason = "pacing"
    wants_shorter: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The call may be tried again after `pause` seconds; `waiting` tells whoever waits, None where the queue will."""

    pause: float
    reason: WaitReason
    waiting: Waiting | None


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """What was set aside for a call, in tokens: input that counts, and output."""

    input: int = 0
    output: int = 0


class Grant(Protocol):
    @property
    def request(self) -> ModelRequest:
        """What to send: the request that was asked for, or a smaller one."""

    @property
    def reserved(self) -> Reserved: ...

    def admitted(self, event: CallAdmitted) -> None:
        """The provider has begun to answer."""

    async def settle(self, usage: Usage | None) -> None:
        """The call ended; `usage` is None where the provider reported none: then the reservation counts as spent."""

    async def failed(self, error: LLMError, *, begun: bool) -> Retry | None:
        """The call failed. None: do not try again. `begun`: some of its answer was handed on."""

    async def cancel(self) -> None:
        """The call was never sent."""


class Governor(Protocol):
    def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]: ...
