"""What somebody sets in the settings tab is what the provider is sent, from the next turn on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from accounts.models import User
from agents import settings_resolution
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, Wire
from agents.sandbox.journal import Entry
from chat.models import Conversation, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, eventually, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAP_FIELD = {"sandbox-claude": "max_tokens", "sandbox-gpt": "max_tokens"}
WARMEST = {"sandbox-claude": 1.0, "sandbox-gpt": 2.0}
"""The highest temperature that each wire takes."""


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def served(model: str) -> LanguageModel:
    return LanguageModel.objects.select_related("provider").get(model_id=model, provider__slug="sandbox")


def configure(user: User | None, model: str, **changes: Any) -> None:
    settings_resolution.save(user=user, model=served(model), changes=changes)


async def begin(shop: Shop, user: User, conversation: Conversation, text: str) -> UUID:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    return turn.pk


async def play(shop: Shop, user: User, conversation: Conversation, text: str) -> Turn:
    id = await begin(shop, user, conversation, text)
    await until_all([id], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=id)


def on_the_wire(entry: Entry, model: str) -> dict[str, Any]:
    return {"max_output_tokens": entry.body[CAP_FIELD[model]], "temperature": entry.body["temperature"]}


def kept(turn: Turn) -> Mapping[str, Any]:
    """The three settings of the product, as the turn's row remembers them."""
    names = ("max_output_tokens", "temperature", "max_iterations")
    return {name: turn.settings["values"][name]["value"] for name in names}


@pytest.mark.parametrize("model", CAP_FIELD)
class TestBothWires:
    async def test_the_defaults(self, shop: Shop, user: User, sandbox: HeldSandbox, model: str) -> None:
        conversation = await rows(conversation_of, user, model=model)
        turn = await play(shop, user, conversation, f"echo defaults of {model}")
        [entry] = sandbox.requests_with(f"defaults of {model}")
        tokens = {"sandbox-claude": 8_192, "sandbox-gpt": 16_384}[model]
        assert on_the_wire(entry, model) == {"max_output_tokens": tokens, "temperature": 0.7}
        assert kept(turn) == {"max_output_tokens": tokens, "temperature": 0.7, "max_iterations": 15}

    @pytest.mark.parametrize(
        ("tokens", "temperature", "iterations"), [(2_000, 0.0, 1), (9_001, 1.3, 3), (100_000, 2.0, 25)]
    )
    async def test_ones_own_values(
        self,
        shop: Shop,
        user: User,
        sandbox: HeldSandbox,
        *,
        model: str,
        tokens: int,
        temperature: float,
        iterations: int,
    ) -> None:
        mark = f"{model} at {tokens}"
        await rows(configure, user, model, max_output_tokens=tokens, temperature=temperature, max_iterations=iterations)
        conversation = await rows(conversation_of, user, model=model)
        turn = await play(shop, user, conversation, f"loop 30\n{mark}")
        entries = sandbox.requests_with(mark)
        assert len(entries) == iterations
        own_maximum = {"sandbox-claude": 64_000, "sandbox-gpt": 16_384}[model]
        for entry in entries:
            assert on_the_wire(entry, model) == {
                "max_output_tokens": min(tokens, own_maximum),
                "temperature": min(temperature, WARMEST[model]),
            }
        assert kept(turn) == {
            "max_output_tokens": tokens,
            "temperature": min(temperature, WARMEST[model]),
            "max_iterations": iterations,
        }

    async def test_a_change_counts_from_the_next_turn_on(
        self, shop: Shop, user: User, sandbox: HeldSandbox, model: str
    ) -> None:
        mark = f"changed while {model} runs"
        conversation = await rows(conversation_of, user, model=model)
        await rows(configure, user, model, max_output_tokens=5_000, temperature=0.1, max_iterations=4)
        release = sandbox.hold(mark)
        first = await begin(shop, user, conversation, f"loop 30\n{mark}")
        await eventually(lambda: sandbox.waiting[mark.encode()])
        await rows(configure, user, model, max_output_tokens=6_000, temperature=0.9, max_iterations=2)
        release.set()
        await until_all([first], *Turn.ENDED)
        await play(shop, user, conversation, f"loop 30\nafter it {mark}")
        told = [on_the_wire(entry, model) for entry in sandbox.requests_with(mark)]
        before = {"max_output_tokens": 5_000, "temperature": 0.1}
        after = {"max_output_tokens": 6_000, "temperature": 0.9}
        assert told == [before] * 4 + [after] * 2

    async def test_the_organisations_values_hold_for_whoever_has_none_of_their_own(
        self, shop: Shop, user: User, sandbox: HeldSandbox, model: str
    ) -> None:
        mark = f"organisation of {model}"
        conversation = await rows(conversation_of, user, model=model)
        await rows(configure, None, model, temperature=0.2, max_output_tokens=4_000)
        await rows(configure, user, model, temperature=0.3)
        await play(shop, user, conversation, f"echo {mark}")
        await rows(settings_resolution.reset, user=None, model=await rows(served, model))
        [entry] = sandbox.requests_with(mark)
        assert on_the_wire(entry, model) == {"max_output_tokens": 4_000, "temperature": 0.3}


async def test_the_last_iteration_keeps_its_tools_and_forbids_them(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    for model, choice in (("sandbox-claude", {"type": "none"}), ("sandbox-gpt", "none")):
        await rows(configure, user, model, max_iterations=3)
        conversation = await rows(conversation_of, user, model=model)
        await play(shop, user, conversation, f"loop 30\nlast of {model}")
        entries = sandbox.requests_with(f"last of {model}")
        assert [entry.body.get("tool_choice", "auto") for entry in entries] == ["auto", "auto", choice]
        assert entries[0].body["tools"] == entries[2].body["tools"] != []


@pytest.mark.parametrize(("effort", "sent"), [("max", "max"), ("low", "low"), ("xhigh", None), ("", None)])
async def test_an_effort_is_sent_where_the_model_has_it(
    shop: Shop, user: User, sandbox: HeldSandbox, effort: str, sent: str | None
) -> None:
    await rows(thinker)
    await rows(configure, user, "claude-opus-4-6", effort=effort)
    conversation = await rows(conversation_of, user, model="claude-opus-4-6")
    mark = f"effort {effort or 'of its own'}"
    turn = await play(shop, user, conversation, f"loop 2\n{mark}")
    assert turn.status == "completed"
    entries = sandbox.requests_with(mark)
    assert len(entries) == 3
    assert {entry.body.get("output_config", {}).get("effort") for entry in entries} == {sent}
    assert turn.settings["values"]["effort"]["stored"] == effort


def thinker() -> None:
    ensure_shipped_rows()
    provider = LanguageModel.objects.get(model_id="sandbox-claude").provider
    sizes = {"context_window": 1_000_000, "max_output_tokens": 128_000}
    LanguageModel.objects.get_or_create(
        provider=provider,
        model_id="claude-opus-4-6",
        defaults={"name": "Opus", "wire": Wire.ANTHROPIC_MESSAGES, **sizes},
    )
