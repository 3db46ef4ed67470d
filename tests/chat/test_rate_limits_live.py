"""Default settings on the account of a small customer: the provider never refuses anything, on any kind of provider.

The provider is the sandbox over HTTP with its limits enforced; it is also the judge of what it had to refuse. Its
minutes are shorter, and so are ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pytest_django import Settings

from agents import registry
from agents.governor.memory import MemoryStore
from agents.governor.service import PacedGovernor
from agents.models import LanguageModel, Provider, RatePool, Wire
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.prompt_cache import PromptCache
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool
from chat import conversations
from tests.agents.rows import make_model
from tests.agents.sandbox.stage import serving
from tests.chat.stage import Person, Stage, rows
from tests.chat.test_api_live import client_of, ended, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCALE = 6.0
CLAUDE, GPT, KEY = "claude-sonnet-4-6", "gpt-4.1", "sk-acceptance"
LIMITS = (
    AnthropicPool(name="claude", models=(CLAUDE,), requests=50, input_tokens=40_000, output_tokens=8_000),
    OpenAIPool(name="gpt", models=(GPT,), requests=50, tokens=40_000),
)
APART = {"input_tokens_per_minute": 40_000, "output_tokens_per_minute": 8_000}
TOGETHER = {"tokens_per_minute": 40_000}


class ShorterMinutes(MemoryStore):
    """A store whose time runs faster, for whoever waits in it, too."""

    def __init__(self) -> None:
        super().__init__(clock=faster)

    async def woken(self, lease: str, *, within: float) -> None:
        await super().woken(lease, within=within / SCALE)


def faster() -> float:
    return time.monotonic() * SCALE


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of provider. `words` are in each of ten messages: together they are more than a minute's limit. `rounds`
    of tool calls are as many as its default of Max Iterations allows."""

    name: str
    provider: Provider.Kind
    auth: Provider.Auth
    wire: Wire
    model: str
    limits: dict[str, int]
    words: int
    rounds: int


ANTHROPIC = Kind(
    name="anthropic",
    provider=Provider.Kind.ANTHROPIC,
    auth=Provider.Auth.API_KEY,
    wire=Wire.ANTHROPIC_MESSAGES,
    model=CLAUDE,
    limits=APART,
    words=2_200,
    rounds=14,
)
OPENAI = Kind(
    name="openai",
    provider=Provider.Kind.OPENAI,
    auth=Provider.Auth.API_KEY,
    wire=Wire.OPENAI_CHAT,
    model=GPT,
    limits=TOGETHER,
    words=600,
    rounds=14,
)
CUSTOM = Kind(
    name="custom",
    provider=Provider.Kind.OPENAI_COMPATIBLE,
    auth=Provider.Auth.OAUTH2,
    wire=Wire.OPENAI_CHAT,
    model=GPT,
    limits=TOGETHER,
    words=1_200,
    rounds=9,
)
kinds = pytest.mark.parametrize("kind", [ANTHROPIC, OPENAI, CUSTOM], ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def _quick_governor(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setenv("ACCEPTANCE_KEY", KEY)
    registry.use_governor(PacedGovernor(store=ShorterMinutes(), clock=faster))
    yield
    registry.close_governor()


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account at the provider, and the conversation of somebody whose messages are answered by it."""

    kind: Kind
    address: str
    api: httpx2.AsyncClient
    conversation: str

    async def say(self, *texts: str) -> None:
        """In quick succession; returns when all of it is answered."""
        turns = [await send(self.api, self.conversation, text) for text in texts]
        for found in await asyncio.gather(*(ended(self.api, turn) for turn in turns)):
            assert found["status"] == "completed", found

    async def judged(self) -> dict[str, Any]:
        async with httpx2.AsyncClient(base_url=self.address, trust_env=False) as http:
            credential = KEY
            if self.kind.auth == Provider.Auth.OAUTH2:
                asked = await http.post(
                    TOKEN_PATH, data={"grant_type": "client_credentials"}, auth=("tokenproject", KEY)
                )
                credential = asked.json()["access_token"]
            told = await http.get("/sandbox/account", headers={"Authorization": f"Bearer {credential}"})
        pool = "claude" if self.kind is ANTHROPIC else "gpt"
        return next(report for report in told.json()["pools"] if report["pool"] == pool)


@asynccontextmanager
async def account(kind: Kind, stage: Stage, person: Person) -> AsyncIterator[Account]:
    exchange = Exchange(
        pacing=Pacing(factor=0),
        limits=EnforcedLimits(LIMITS, time_scale=SCALE),
        cache=PromptCache(time_scale=SCALE),
    )
    guarded = kind.auth == Provider.Auth.OAUTH2
    office = TokenOffice(client_id="tokenproject", client_secret=KEY) if guarded else None
    async with serving(SandboxApp(exchange=exchange, oauth2=office)) as url, client_of(stage, person) as api:
        model = await rows(offered, kind, url)
        conversation = await rows(conversations.create, person.user, provider=model.provider.slug, model=model.model_id)
        yield Account(kind=kind, address=url, api=api, conversation=str(conversation.pk))


def offered(kind: Kind, url: str) -> LanguageModel:
    """The model in a rate pool with the provider's limits, as an admin enters them."""
    oauth2 = {"token_url": url + TOKEN_PATH, "client_id": "tokenproject", "client_secret": "env:ACCEPTANCE_KEY"}
    guarded = kind.auth == Provider.Auth.OAUTH2
    model = make_model(
        kind=kind.provider,
        auth=kind.auth,
        wire=kind.wire,
        slug=f"small-{uuid4().hex}",
        model_id=kind.model,
        max_output_tokens=32_000,
        base_url=url if kind is ANTHROPIC else f"{url}/v1",
        api_key="" if guarded else "env:ACCEPTANCE_KEY",
        oauth2=oauth2 | {"scope": "", "audience": "", "client_auth": "basic"} if guarded else {},
    )
    model.pool = RatePool.objects.create(provider=model.provider, name="small", requests_per_minute=50, **kind.limits)
    model.save()
    return model


def nothing_was_refused(judged: dict[str, Any], *, calls: int) -> None:
    counted = {name: judged[name] for name in ("admitted", "rate_limited", "failed", "overloaded")}
    assert counted == {"admitted": calls, "rate_limited": 0, "failed": 0, "overloaded": 0}, judged


@kinds
async def test_ten_messages_in_quick_succession(kind: Kind, stage: Stage, ann: Person) -> None:
    async with account(kind, stage, ann) as small:
        await small.say(*(f"{n} " + "lorem ipsum " * (kind.words // 2) + "\necho ok" for n in range(10)))
        judged = await small.judged()
        nothing_was_refused(judged, calls=10)
        assert judged["charged_tokens"] > 40_000, "it was more than a minute's limit"


@kinds
async def test_twenty_model_calls_and_more_over_two_messages(kind: Kind, stage: Stage, ann: Person) -> None:
    async with account(kind, stage, ann) as small:
        await small.say(f"loop {kind.rounds}", f"loop {kind.rounds} please")
        judged = await small.judged()
        nothing_was_refused(judged, calls=2 * (kind.rounds + 1))
        assert judged["admitted"] >= 20
