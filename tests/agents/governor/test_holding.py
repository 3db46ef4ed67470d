from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx2
import pytest

from agents import registry
from agents.governor.holding import GrantRequired, UngovernedCall, holding
from agents.llm.errors import LLMError
from agents.llm.messages import user_text
from agents.models import LanguageModel, Wire
from agents.sandbox.app import SandboxApp
from agents.sandbox.transport import SandboxTransport
from tests.agents.rows import make_model
from tests.agents.scripted_model import a_request

KEY = {"x-api-key": "any", "anthropic-version": "2023-06-01"}


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=GrantRequired(SandboxTransport(SandboxApp())), base_url="http://sandbox", headers=KEY
    )


async def test_nothing_leaves_without_a_grant() -> None:
    with pytest.raises(UngovernedCall, match="GET /v1/models"):
        await client().get("/v1/models")


async def test_what_holds_one_does() -> None:
    with holding("lease"):
        assert (await client().get("/v1/models")).status_code == 200
    with pytest.raises(UngovernedCall):
        await client().get("/v1/models")


async def test_a_grant_is_not_for_what_runs_beside_it() -> None:
    outside = asyncio.Event()

    async def sneak() -> None:
        await outside.wait()
        with pytest.raises(UngovernedCall):
            await client().get("/v1/models")

    task = asyncio.create_task(sneak())
    with holding("lease"):
        outside.set()
        await task


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wire", [Wire.ANTHROPIC_MESSAGES, Wire.OPENAI_CHAT, Wire.OPENAI_RESPONSES])
async def test_no_adapter_of_ours_can_be_used_around_the_governor(wire: Wire) -> None:
    """The very adapters that `build_model` hands out, without what it wraps them in."""
    model: LanguageModel = await asyncio.to_thread(make_model, wire=wire)
    await registry.build_model(model=model, user_id="")
    [adapter] = registry._adapters[asyncio.get_running_loop()].values()
    with pytest.raises(LLMError) as refused:
        _ = [event async for event in adapter.stream(replace(a_request(), messages=(user_text("hello"),)))]
    assert "UngovernedCall" in refused.value.detail
