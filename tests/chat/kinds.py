"""One account at each kind of provider, over HTTP, on a wire of its own: a key at Anthropic's, a key at OpenAI's, and a
house gateway behind OAuth2.

The stand-in provider is also the judge: it counts what it refused, and its journal has every request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, Provider, RatePool, Wire
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Entry, Journal
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool
from chat import conversations
from chat.models import Conversation
from tests.agents.rows import make_model
from tests.agents.sandbox.stage import serving
from tests.chat.stage import rows

CLAUDE, GPT, KEY = "claude-sonnet-4-6", "gpt-4.1", "sk-of-each-kind"
REQUESTS, INPUT, OUTPUT, TOGETHER = 500, 400_000, 80_000, 1_000_000
_SECRET = "KIND_SECRET"


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    provider: Provider.Kind
    auth: Provider.Auth
    wire: Wire
    model: str

    @property
    def is_guarded(self) -> bool:
        return self.auth == Provider.Auth.OAUTH2

    @property
    def is_claude(self) -> bool:
        return self.wire == Wire.ANTHROPIC_MESSAGES

    @property
    def cap_field(self) -> str:
        """What the cap of a reply is called at the wire."""
        return "max_output_tokens" if self.wire == Wire.OPENAI_RESPONSES else "max_tokens"


KINDS = (
    Kind(
        name="anthropic",
        provider=Provider.Kind.ANTHROPIC,
        auth=Provider.Auth.API_KEY,
        wire=Wire.ANTHROPIC_MESSAGES,
        model=CLAUDE,
    ),
    Kind(
        name="openai",
        provider=Provider.Kind.OPENAI,
        auth=Provider.Auth.API_KEY,
        wire=Wire.OPENAI_RESPONSES,
        model=GPT,
    ),
    Kind(
        name="custom",
        provider=Provider.Kind.OPENAI_COMPATIBLE,
        auth=Provider.Auth.OAUTH2,
        wire=Wire.OPENAI_CHAT,
        model=GPT,
    ),
)
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@dataclass(frozen=True, kw_only=True)
class Account:
    kind: Kind
    model: LanguageModel
    journal: Journal
    limits: EnforcedLimits

    async def conversation(self, user: User, *, agent: str) -> Conversation:
        slug, model_id = self.model.provider.slug, self.model.model_id
        return await rows(conversations.create, user, provider=slug, model=model_id, agent=agent)

    def requests_with(self, word: str) -> list[Entry]:
        """For a reply, oldest first."""
        return [entry for entry in self.journal if word in str(entry.body)]

    def judged(self) -> dict[str, Any]:
        """What became of all requests so far."""
        account = next(entry.account for entry in self.journal if entry.model)
        name = "claude" if self.kind.is_claude else "gpt"
        return next(one.to_dict() for one in self.limits.report(account=account) if one.pool == name)


@contextmanager
def reachable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine may be called, with the key."""
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setenv(_SECRET, KEY)
    yield


@asynccontextmanager
async def account(kind: Kind) -> AsyncIterator[Account]:
    pools = (
        AnthropicPool(name="claude", models=(CLAUDE,), requests=REQUESTS, input_tokens=INPUT, output_tokens=OUTPUT),
        OpenAIPool(name="gpt", models=(GPT,), requests=REQUESTS, tokens=TOGETHER),
    )
    limits, journal = EnforcedLimits(pools), Journal(keep=200)
    office = TokenOffice(client_id="tokenproject", client_secret=KEY) if kind.is_guarded else None
    app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0), limits=limits), journal=journal, oauth2=office)
    async with serving(app) as url:
        yield Account(kind=kind, model=await rows(_offered, kind, url), journal=journal, limits=limits)


def _offered(kind: Kind, url: str) -> LanguageModel:
    """The model in a rate pool with the provider's limits, as an admin enters them."""
    ensure_shipped_rows()
    oauth2 = {"token_url": url + TOKEN_PATH, "client_id": "tokenproject", "client_secret": f"env:{_SECRET}"}
    model = make_model(
        kind=kind.provider,
        auth=kind.auth,
        wire=kind.wire,
        slug=f"{kind.name}-{uuid4().hex}",
        model_id=kind.model,
        max_output_tokens=32_000,
        base_url=url if kind.is_claude else f"{url}/v1",
        api_key="" if kind.is_guarded else f"env:{_SECRET}",
        oauth2=oauth2 | {"scope": "", "audience": "", "client_auth": "basic"} if kind.is_guarded else {},
    )
    apart = {"input_tokens_per_minute": INPUT, "output_tokens_per_minute": OUTPUT}
    per_minute = apart if kind.is_claude else {"tokens_per_minute": TOGETHER}
    model.pool = RatePool.objects.create(
        provider=model.provider, name="own", requests_per_minute=REQUESTS, **per_minute
    )
    model.save()
    return model
