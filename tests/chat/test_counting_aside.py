"""Counting keeps a processor busy: nothing is counted on the event loop, where every other turn would wait for it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agents.llm.tokens import TokenCounter
from tests.chat.stage import Person, Stage
from tests.chat.tab import opened
from tests.chat.test_api_live import client_of, ended, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = " ".join(f"word{n}" for n in range(2_000))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where each text was counted: "loop" or "thread"."""
    places: list[str] = []
    count = TokenCounter.raw

    def watched(counter: TokenCounter, text: str) -> int:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            places.append("thread")
        else:
            places.append("loop")
        return count(counter, text)

    monkeypatch.setattr(TokenCounter, "raw", watched)
    return places


async def test_a_turn_with_tools_over_the_socket(stage: Stage, ann: Person, seen: list[str]) -> None:
    conversation = str((await ann.conversation()).pk)
    async with opened(stage, ann) as tab:
        await tab.ask("subscribe", conversation=conversation)
        text = f"loop 3 parallel 2\n{LONG}"
        await tab.ask("send", conversation=conversation, client_message_id=uuid4().hex, text=text)
        await tab.until(lambda: any(frame["type"] == "turn.ended" for frame in tab.frames), what="the end of the turn")
    assert len(seen) > 10
    assert set(seen) == {"thread"}


async def test_a_message_over_rest(stage: Stage, ann: Person, seen: list[str]) -> None:
    conversation = (await ann.conversation()).pk
    async with client_of(stage, ann) as api:
        await ended(api, await send(api, conversation, f"echo {LONG}"))
    assert len(seen) > 2
    assert set(seen) == {"thread"}
