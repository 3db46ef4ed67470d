"""What the usage sums rest on: under whose name a call is booked, and which wait is one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import uuid4

import pytest

from accounts.models import User
from agents import registry
from agents.governed import GovernedModel
from agents.governor.base import Ask, Grant, Told
from agents.governor.passthrough import FreeGrant
from agents.llm.events import Waiting
from agents.llm.messages import Message, TextPart
from agents.llm.providers.base import ChatModel
from agents.models import LanguageModel, ModelCall
from agents.pool_limits import pool_of
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.threads import in_thread
from tests.agents.rows import make_model
from tests.agents.scripted_model import ScriptedModel, a_request, finished

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def model(owner: User) -> LanguageModel:
    return make_model(model_id="sandbox-claude")


async def booked(model: ChatModel) -> ModelCall:
    hello = Message(role="user", parts=(TextPart(text="hello"),))
    request = replace(a_request(call_id=str(uuid4())), model="sandbox-claude", messages=(hello,))
    async for _ in model.stream(request):
        pass
    return await in_thread(ModelCall.objects.get)(pk=request.call_id)


@pytest.mark.parametrize("agent", ["smart", ""])
async def test_a_call_is_booked_under_its_agent(owner: User, model: LanguageModel, agent: str) -> None:
    registry.use_sandbox(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0))))
    row = await booked(await registry.build_model(model=model, user_id=str(owner.pk), agent=agent))
    assert (row.agent, row.status, row.user_id) == (agent, "completed", owner.pk)
    assert row.input_tokens is not None


class SlowGovernor:
    """Takes its time, which the clock shows, and says `waits` times that it does."""

    def __init__(self, *, waits: int) -> None:
        self.waits = waits

    async def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]:
        for _ in range(self.waits):
            yield Waiting(reason="pacing", pool="p", retry_at=1.0, used=1, limit=2, position=0)
        yield FreeGrant(ask.request)


@pytest.mark.parametrize(
    ("waits", "seconds_between_looks", "waited_ms"), [(0, 0.25, 0), (1, 0.25, 250), (3, 0.25, 250), (1, 0.0, 1)]
)
async def test_only_what_the_governor_held_back_is_a_wait(
    model: LanguageModel, waits: int, seconds_between_looks: float, waited_ms: int
) -> None:
    ticks = itertools.count(100.0, seconds_between_looks)
    governed = GovernedModel(
        inner=ScriptedModel([finished()]),
        governor=SlowGovernor(waits=waits),
        model=model,
        pool=pool_of(model),
        user_id="",
        purpose="chat",
        clock=lambda: next(ticks),
    )
    assert (await booked(governed)).waited_ms == waited_ms
