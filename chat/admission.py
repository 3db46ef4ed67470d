"""How the call that is on its way gets to be sent: its wait, as the log and the turn's row tell it, and the wish of its
owner for less of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.moments import rfc3339
from agents import registry
from agents.llm.events import CallGranted, CallRefitted, Waiting
from chat.event_log import Event, EventLog
from chat.lease import Lease
from chat.models import Turn

ADMISSION = (Waiting, CallGranted, CallRefitted)
"""Events that say nothing yet."""


class Admission:
    """Of one run's calls, one after the other. `call_id` is that of the newest."""

    def __init__(self, *, lease: Lease, log: EventLog) -> None:
        self.call_id: str | None = None
        self.is_waiting = False
        self._lease = lease
        self._log = log
        self._wants_shorter = False

    def wants_shorter(self) -> bool:
        return self._wants_shorter

    def shorten(self) -> None:
        """Send less of the conversation in the call that waits now, and in no later one."""
        if self.is_waiting and not self._wants_shorter:
            self._wants_shorter = True
            registry.governor().wake(self.call_id or "")

    async def keep(self, event: Waiting | CallGranted) -> None:
        if isinstance(event, CallGranted):
            await self.keep_going(("turn.granted", {"waited_ms": event.waited_ms}))
        else:
            await self._keep_waiting(event)

    async def _keep_waiting(self, event: Waiting) -> None:
        self.is_waiting = True
        data = {name: value for name, value in vars(event).items() if name != "kind"}
        data["retry_at"] = rfc3339(datetime.fromtimestamp(event.retry_at, tz=UTC))
        await self._log.append(self._lease, ("turn.waiting", data), changes={"status": Turn.Status.WAITING})

    async def keep_going(self, *events: Event) -> None:
        """The wait is over: events or content tell the readers of the log, this the readers of the row."""
        self.is_waiting = self._wants_shorter = False
        changes: dict[str, Any] = {"status": Turn.Status.RUNNING, "shorter_requested_at": None}
        await self._log.append(self._lease, *events, changes=changes)
