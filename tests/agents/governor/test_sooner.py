"""How much sooner a waiting call would go if it were smaller: what its pool itself would say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from agents.governor.base import Ask
from agents.governor.sooner import seconds_sooner
from agents.llm.events import Waiting
from agents.llm.providers.base import ModelRequest
from tests.agents.governor.desk import CLAUDE, GPT, Desk, request


def sooner(desk: Desk, lease: str, instead: ModelRequest) -> float | None:
    return seconds_sooner(CLAUDE, desk.state(), lease=lease, instead=instead, purpose="chat", now=desk.store.now)


@asynccontextmanager
async def waiting(desk: Desk, *, tokens: int) -> AsyncIterator[Ask]:
    """A call that is held back meanwhile, since another has taken nearly all."""
    await desk.reserve(desk.ask(request(37_000)))
    ask = desk.ask(request(tokens))
    async with aclosing(desk.governor.reserve(ask)) as steps:
        assert isinstance(await anext(steps), Waiting)
        yield ask


async def test_is_the_time_that_the_difference_takes_to_come_back() -> None:
    desk = Desk()
    async with waiting(desk, tokens=30_000) as ask:
        bucket = desk.state().buckets["input"]
        found = sooner(desk, ask.lease, request(20_000))
        assert found is not None
        assert abs(found - 1.05 * 10_000 / bucket.refill) < 0.1


async def test_is_the_whole_wait_at_the_most() -> None:
    desk = Desk()
    async with waiting(desk, tokens=10_000) as ask:
        bucket = desk.state().buckets["input"]
        found = sooner(desk, ask.lease, request(100))
        assert found is not None
        assert found <= bucket.seconds_until(bucket.capacity)
        assert sooner(desk, ask.lease, request(30_000)) == 0.0, "more is no gain"


async def test_of_a_call_that_does_not_wait_is_unknown_and_looking_changes_nothing() -> None:
    desk = Desk()
    async with waiting(desk, tokens=30_000) as ask:
        before = desk.state().to_json()
        assert sooner(desk, "nobody", request(100)) is None
        assert seconds_sooner(GPT, None, lease=ask.lease, instead=request(100), purpose="chat", now=0.0) is None
        state = desk.state()
        seconds_sooner(CLAUDE, state, lease=ask.lease, instead=request(100), purpose="chat", now=desk.store.now)
        assert state.to_json() == before
