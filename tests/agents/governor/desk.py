"""A governor on a clock of its own, and requests for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from agents.governor.base import Ask, Grant, Told
from agents.governor.grant import PacedGrant
from agents.governor.limits import PoolLimits
from agents.governor.memory import MemoryStore
from agents.governor.service import PacedGovernor
from agents.governor.state import PoolState
from agents.governor.store import Pool
from agents.llm.capabilities import Capabilities
from agents.llm.events import CallAdmitted, CallGranted, CallRefitted, Waiting
from agents.llm.messages import Message, ToolResult, Usage, user_text
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.llm.rates import Rates

CLAUDE = Pool(
    key="claude",
    limits=PoolLimits(per_minute={"requests": 50.0, "input": 40_000.0, "output": 8_000.0}),
    account="a",
    name="Claude · small",
)
GPT = Pool(key="gpt", limits=PoolLimits(per_minute={"requests": 50.0, "tokens": 40_000.0}), account="a", name="GPT")
UNKNOWN = Pool(key="unknown", limits=PoolLimits(per_minute={}), account="b", name="Gateway")
MARKED = Capabilities(temperature="none", cache="marked", cache_minimum=1_024)

_leases = count()


class SteppingStore(MemoryStore):
    """Nobody waits in real time: whoever would wait moves the clock. `then` happens meanwhile."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.then: Callable[[], None] = lambda: None
        super().__init__(clock=lambda: self.now)

    async def woken(self, lease: str, *, within: float) -> None:
        self.now += within
        self.then()
        await asyncio.sleep(0)


def request(
    tokens: int = 1_000, *, cap: int = 1_000, running: bool = False, texts: tuple[str, ...] = ("Hi",), **more: Any
) -> ModelRequest:
    """`tokens` in all, a thousand of them instructions where there are as many; the rest is shared by the messages."""
    frame = min(1_000, tokens)
    messages = [user_text(text) for text in texts]
    if running:
        messages.append(Message(role="tool", parts=(ToolResult(call_id="1", name="look", text="found"),)))
    share = (tokens - frame) // len(messages)
    counts = BlockCounts(instructions=frame, tools=0, overhead=0, messages=(share,) * len(messages))
    return ModelRequest(
        model="m", instructions="Be kind.", messages=tuple(messages), counts=counts, max_output_tokens=cap, **more
    )


def shrinking(tokens: int, *, to: int = 1_000, **more: Any) -> ModelRequest:
    """A request that can be made smaller, down to `to`."""

    def refit(max_input: int, cold: bool) -> ModelRequest:
        return request(max(to, min(max_input, to if cold else max_input)), **more)

    return replace(request(tokens, **more), refit=refit)


@dataclass(kw_only=True)
class Desk:
    store: SteppingStore = field(default_factory=SteppingStore)

    def __post_init__(self) -> None:
        self.governor = PacedGovernor(store=self.store, clock=lambda: self.store.now, jitter=lambda: 0.5)

    def ask(self, request: ModelRequest, *, pool: Pool = CLAUDE, user: str = "ann", **more: Any) -> Ask:
        return Ask(request=request, pool=pool, user=user, purpose="chat", lease=f"lease-{next(_leases)}", **more)

    async def reserve(self, ask: Ask) -> tuple[list[Told], Grant]:
        told: list[Told] = []
        async with aclosing(self.governor.reserve(ask)) as steps:
            async for step in steps:
                if isinstance(step, Waiting | CallGranted | CallRefitted):
                    told.append(step)
                else:
                    return told, step
        raise AssertionError("neither granted nor refused")

    async def hold(self, ask: Ask) -> Grant:
        """A call that is under way, and has reached its provider."""
        _, grant = await self.reserve(ask)
        assert isinstance(grant, PacedGrant)
        grant.admitted(CallAdmitted())
        await grant._noted()
        return grant

    async def call(self, request: ModelRequest, *, usage: Usage | None = None, pool: Pool = CLAUDE) -> list[Told]:
        """From its grant to its settlement, as a wire that tells its input first."""
        told, grant = await self.reserve(self.ask(request, pool=pool))
        if usage is not None:
            grant.admitted(CallAdmitted(rates=Rates()))
            grant.admitted(CallAdmitted(usage=usage))
        await grant.settle(usage)
        return told

    def state(self, pool: Pool = CLAUDE) -> PoolState:
        state = self.store.peek(pool.key)
        assert state is not None, "nobody has asked yet"
        return state

    def left(self, dimension: Any, pool: Pool = CLAUDE) -> int:
        return round(self.state(pool).buckets[dimension].level)
