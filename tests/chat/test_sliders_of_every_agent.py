"""A slider changed while an agent is at work somewhere: three agents at three kinds of providers, read at the wire;
and so is what one of them hands on to another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from agents.models import LanguageModel
from agents.roster import ROSTER, shipped
from agents.sandbox.journal import Entry
from chat.models import Conversation
from tests.chat.inquiries import ask
from tests.chat.kinds import Account, Kind, account, kinds, reachable
from tests.chat.shop import Shop, open_shop
from tests.chat.stage import rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEFORE = {"max_output_tokens": 6_000, "temperature": 0.7, "max_iterations": 3}
AFTER = {"max_output_tokens": 9_001, "temperature": 0.3, "max_iterations": 2}


@pytest.fixture(autouse=True)
def _reachable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with reachable(settings, monkeypatch):
        yield


@pytest_asyncio.fixture(loop_scope="module")
async def shop(threads: None) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


@kinds
async def test_it_is_at_the_wire_of_the_next_turn(shop: Shop, user: User, kind: Kind) -> None:
    async with account(kind) as provider:
        for agent in ROSTER:
            conversation = await provider.conversation(user, agent=agent.slug)
            for values in (BEFORE, AFTER):
                await rows(set_sliders, user, provider.model, values)
                entries = await asked(shop, user, conversation, provider=provider)
                assert [at_the_wire(entry, kind) for entry in entries] == [
                    {name: values[name] for name in ("max_output_tokens", "temperature")}
                ] * int(values["max_iterations"])
                assert all(entry.input_tokens <= values["max_output_tokens"] for entry in entries)
                assert all(agent.instructions.splitlines()[0] in str(entry.body) for entry in entries)


@kinds
async def test_what_is_handed_on_runs_with_the_turns_provider_model_and_values(
    shop: Shop, user: User, kind: Kind
) -> None:
    champion = shipped("datadog-champion")
    assert champion is not None
    async with account(kind) as provider:
        conversation = await provider.conversation(user, agent="smart")
        await rows(set_sliders, user, provider.model, AFTER | {"max_iterations": 9})
        await ask(shop, user, champion.starters[0], conversation=conversation)
        entries = [entry for entry in provider.journal if entry.model]
        inside = [entry for entry in entries if champion.instructions.splitlines()[0] in str(entry.body)]
        assert 3 <= len(inside) <= len(entries) - 2
        assert {entry.model for entry in entries} == {kind.model}
        wanted = {name: AFTER[name] for name in ("max_output_tokens", "temperature")}
        assert [at_the_wire(entry, kind) for entry in entries] == [wanted] * len(entries)
        assert all(entry.input_tokens <= AFTER["max_output_tokens"] for entry in entries)


def set_sliders(user: User, model: LanguageModel, values: dict[str, Any]) -> None:
    """As the tab does."""
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/api/v1/agent-configs/{model.provider.slug}/{model.model_id}"
    answer = browser.put(path, values, content_type="application/json")
    assert answer.status_code == 200, answer.content


async def asked(shop: Shop, user: User, conversation: Conversation, *, provider: Account) -> list[Entry]:
    """What the provider is sent for one more question, which wants more iterations than there may be."""
    mark = f"question-{uuid4()}"
    await ask(shop, user, f"loop 9\n{mark}", conversation=conversation)
    return provider.requests_with(mark)


def at_the_wire(entry: Entry, kind: Kind) -> dict[str, Any]:
    return {"max_output_tokens": entry.body[kind.cap_field], "temperature": entry.body["temperature"]}
