"""The tokens of a process: each is kept until shortly before its end, and got once however many want it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from dataclasses import dataclass

import httpx2

from agents.llm.errors import LLMError
from agents.llm.providers.token_request import ClientCredentials, NoToken, Token, request_token

EARLY_SECONDS = 60.0
"""A token is renewed so long before its end, but never in the first half of its life."""

PAUSES = (0.5, 1.5)
"""Seconds between the tries of a call that an overloaded identity provider did not answer."""

LONGEST_WAIT = 45.0
"""Seconds in which all tries and pauses have passed; whoever then still waits, waits for a loop that stands still."""

Client = Callable[[], httpx2.AsyncClient]
_Outcome = Token | NoToken | LLMError | None
_Flight = Future[_Outcome]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Held:
    token: Token
    renew_at: float


class TokenStore:
    """One for all threads and event loops of a process. `clock` is monotonic, in seconds.

    A flight is one token on its way. Whoever starts it does so in the own event loop, as a task that no waiter's end
    ends; all others, of whatever loop, wait for its future. The lock guards two dicts, for the time of a look: nobody
    holds it while anything is awaited.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._held: dict[ClientCredentials, _Held] = {}
        self._flights: dict[ClientCredentials, _Flight] = {}
        self._tasks: set[asyncio.Task[Token]] = set()

    async def token(self, credentials: ClientCredentials, *, client: Client, stale: str = "") -> Token:
        """A token that is not `stale`, which the gateway refused. `client` makes the client that a call goes through.

        Raises NoToken, and what the client's transport raises of ours.
        """
        while True:
            found = self._held_or_flight(credentials, client=client, stale=stale)
            if isinstance(found, Token):
                return found
            outcome = await self._landed(credentials, found)
            if isinstance(outcome, Token):
                return outcome
            if outcome is not None:
                raise copy(outcome)  # each waiter its own, or their tracebacks would mix

    async def renewed(self, credentials: ClientCredentials, *, client: Client) -> Token:
        """A token that is got now, whatever is kept."""
        with self._lock:
            self._held.pop(credentials, None)
        return await self.token(credentials, client=client)

    def kept(self, credentials: ClientCredentials) -> str:
        """The token that is kept, "" for none: to be cut out of what is quoted."""
        held = self._held.get(credentials)
        return held.token.value if held else ""

    def _held_or_flight(self, credentials: ClientCredentials, *, client: Client, stale: str) -> Token | _Flight:
        with self._lock:
            held = self._held.get(credentials)
            if held and held.token.value == stale:
                del self._held[credentials]
            elif held and self._clock() < held.renew_at:
                return held.token
            flight = self._flights.get(credentials)
            if flight is not None:
                return flight
            flight = self._flights[credentials] = Future()
        self._start(credentials, client=client, flight=flight)
        return flight

    def _start(self, credentials: ClientCredentials, *, client: Client, flight: _Flight) -> None:
        task = asyncio.get_running_loop().create_task(self._fetch(credentials, client=client))
        self._tasks.add(task)
        # A callback, since a task that is cancelled before its first step runs nothing of its own.
        task.add_done_callback(lambda done: self._land(credentials, done, flight=flight))

    def _land(self, credentials: ClientCredentials, task: asyncio.Task[Token], *, flight: _Flight) -> None:
        self._tasks.discard(task)
        outcome = _outcome(task)
        with self._lock:
            if isinstance(outcome, Token):
                self._keep(credentials, outcome)
            self._forget(credentials, flight)
        if not flight.done():
            flight.set_result(outcome)

    def _keep(self, credentials: ClientCredentials, token: Token) -> None:
        now = self._clock()
        for old in [known for known, held in self._held.items() if held.renew_at <= now]:
            del self._held[old]
        early = min(EARLY_SECONDS, token.lifetime / 2)
        # At least a second, so that a server that hands out dead tokens is not asked with every call.
        self._held[credentials] = _Held(token=token, renew_at=now + max(1.0, token.lifetime - early))

    def _forget(self, credentials: ClientCredentials, flight: _Flight) -> None:
        if self._flights.get(credentials) is flight:
            del self._flights[credentials]

    async def _landed(self, credentials: ClientCredentials, flight: _Flight) -> _Outcome:
        """What came of a flight; None if the loop that it was in has ended before it landed."""
        try:
            async with asyncio.timeout(self._longest_wait):
                return await asyncio.shield(asyncio.wrap_future(flight))
        except TimeoutError:
            with self._lock:
                self._forget(credentials, flight)
            raise NoToken(f"no token came within {self._longest_wait:g} seconds", retryable=True) from None

    async def _fetch(self, credentials: ClientCredentials, *, client: Client) -> Token:
        async with client() as http:
            for pause in PAUSES:
                with suppress(_TryAgain):
                    return await _attempt(credentials, client=http)
                await self._sleep(pause)
            return await request_token(credentials, client=http)


class _TryAgain(Exception):
    pass


async def _attempt(credentials: ClientCredentials, *, client: httpx2.AsyncClient) -> Token:
    try:
        return await request_token(credentials, client=client)
    except NoToken as failure:
        if failure.retryable:
            raise _TryAgain from None
        raise


def _outcome(task: asyncio.Task[Token]) -> _Outcome:
    if task.cancelled():
        return None
    failure = task.exception()
    if failure is None:
        return task.result()
    if isinstance(failure, NoToken | LLMError):
        return failure
    _logger.error("getting a token broke: %s", type(failure).__name__)
    return NoToken("something went wrong on our side", detail=type(failure).__name__)
