"""What all Datadog tools share: the account, the time range in words, and the head of every result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from agents.llm.tools import Summarised
from agents.threads import in_thread
from agents.tools.datadog.accounts import Account, find_account
from agents.tools.datadog.client import Call, Client, Reply
from agents.tools.time_ranges import TimeRange, read_range

TIMEOUT = 60.0
"""Seconds for one tool, with all that it waits."""

MOST_ENTRIES = 1_000
"""Entries that one search brings: the most that Datadog gives at once."""

Query = Annotated[str, Field(max_length=2_000, examples=["service:payment-service status:error"])]
Time = Annotated[str, Field(max_length=100)]
AccountName = Annotated[str, Field(max_length=64)]


_find = in_thread(find_account)


@dataclass(frozen=True, kw_only=True)
class Datadog:
    """`clock` gives Unix seconds."""

    clock: Callable[[], float]
    client: Client
    find: Callable[[str], Awaitable[Account]] = _find

    async def ask(
        self, account: str, *, time: str, call: Callable[[TimeRange], Call], tell: Callable[[Asked], Summarised]
    ) -> Summarised:
        """What `tell` makes of the answer to `call`: in a thread, since it may look at a thousand entries. ToolFailed
        for an account that is not there, a time that is none, and what goes wrong on the way."""
        period = read_range(time, now=self.clock())
        found = await self.find(account)
        reply = await self.client.ask(found, call(period))
        return await asyncio.to_thread(tell, Asked(account=found, period=period, reply=reply))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that was answered."""

    account: Account
    period: TimeRange
    reply: Reply

    def head(self, what: str, query: str) -> dict[str, Any]:
        """Where the facts are from: a source that can be cited."""
        waited = {"waited": self.reply.waited} if self.reply.waited else {}
        return {"source": f"{self.account.name}: {what}", "query": query, **self.period.told(), **waited}


def summarised(head: Mapping[str, Any], said: Mapping[str, Any], /, *, whole: Sequence[Any]) -> Summarised:
    """`said` without what says nothing, after `head`; the whole is a list, so that it can be recalled by lines."""
    telling = {name: value for name, value in said.items() if value not in (None, "", [], {})}
    return Summarised(summary={**head, **telling}, whole=whole)


def seconds_of(time: object) -> float:
    """Unix seconds of an ISO time; 0 for what is none."""
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except ValueError:
        return 0.0


def clock_time(moment: float) -> str:
    """2026-01-31T09:15Z"""
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%dT%H:%MZ")


def day_time(moment: float) -> str:
    """09:15"""
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%H:%M")


def attributes_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found = entry.get("attributes")
    return found if isinstance(found, Mapping) else {}


def at(value: Any, *path: str) -> Any:
    """What stands at `path` in nested objects; None where nothing does."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
