"""A turn that waits for its rate pool: what is told of the wait, and what whoever waits can do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from agents.models import RatePool
from chat import turns
from chat.models import Conversation, Turn
from tests.chat.pools import Tap, tap_of, with_pool
from tests.chat.stage import Person, Stage, rows
from tests.chat.tab import Frame, Tab, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "echo " + "the checkout waits for a connection again and again " * 125
"""About 1,200 tokens, and as many in the answer."""


@pytest_asyncio.fixture(loop_scope="module")
async def tap(stage: Stage) -> AsyncIterator[Tap]:
    tap = await rows(with_pool, "sandbox-gpt")
    yield tap
    await tap.fill()
    await rows(RatePool.objects.filter(models=tap.model).delete)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(stage: Stage, ann: Person) -> AsyncIterator[Tab]:
    async with opened(stage, ann) as tab:
        yield tab


@pytest_asyncio.fixture(loop_scope="module")
async def talk(tap: Tap, ann: Person, tab: Tab) -> Conversation:
    """Three questions of Ann's with their answers, some 8,000 tokens."""
    return await talked(ann, tab, model="sandbox-gpt")


async def talked(ann: Person, tab: Tab, *, model: str, questions: int = 3) -> Conversation:
    conversation = await ann.conversation(model=model)
    await tab.ok("subscribe", conversation=str(conversation.pk))
    for n in range(questions):
        ack = await tab.send(conversation.pk, f"{LONG} {n}", key=f"{conversation.pk}{n}"[-60:])
        assert (await tab.ended(ack["turn"]))["status"] == "completed"
    return conversation


async def held_back(tab: Tab, talk: Conversation, tap: Tap, text: str = "echo and now?") -> str:
    """The id of a turn that waits."""
    await tap.empty()
    turn = (await tab.send(talk.pk, text, key=uuid4().hex))["turn"]
    await tab.seen(turn, "turn.waiting")
    return str(turn)


async def call(stage: Stage, person: Person | None, method: str, path: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    async with httpx2.AsyncClient(base_url=f"{stage.origin}/api/v1", headers=headers) as api:
        answer = await api.request(method, path)
        return answer.status_code, answer.json()


def built(tab: Tab, turn: str) -> list[Frame]:
    return [event for event in tab.of_turn(turn) if event["type"] == "context.built"]


class TestAWait:
    async def test_is_told_from_its_start_to_its_grant(self, tab: Tab, talk: Conversation, tap: Tap) -> None:
        turn = await held_back(tab, talk, tap)
        wait = await tab.seen(turn, "turn.waiting")
        assert (wait["reason"], wait["position"], wait["limit"]) == ("pacing", 0, 600_000)
        assert (await rows(Turn.objects.get, pk=turn)).status == "waiting"
        await tap.fill()
        assert (await tab.seen(turn, "turn.granted"))["waited_ms"] > 0
        assert (await tab.ended(turn))["status"] == "completed"
        assert tab.text_of(turn) == "and now?"

    async def test_that_is_stopped_sends_nothing(self, tab: Tab, talk: Conversation, tap: Tap, stage: Stage) -> None:
        turn = await held_back(tab, talk, tap, "echo never said")
        await tab.ok("stop", turn=turn)
        assert (await tab.ended(turn))["status"] == "stopped"
        assert stage.sandbox.requests_with("never said") == []

    async def test_beyond_the_pool_s_patience_ends_as_busy_and_can_be_tried_again(
        self, tab: Tab, talk: Conversation, tap: Tap
    ) -> None:
        await rows(RatePool.objects.filter(models=tap.model).update, patience_seconds=10)
        await tap.empty()
        ack = await tab.send(talk.pk, "echo kept", key=uuid4().hex)
        end = await tab.ended(ack["turn"])
        assert (end["status"], end["reason"]) == ("failed", "server_busy")
        assert "your message is kept" in end["error"]
        await tap.fill()
        again = await tab.ok("regenerate", message=ack["message"], client_message_id=uuid4().hex)
        assert (await tab.ended(again["turn"]))["status"] == "completed"
        assert tab.text_of(again["turn"]) == "kept"

    async def test_is_left_for_another_model_without_typing_again(self, tab: Tab, talk: Conversation, tap: Tap) -> None:
        await tap.empty()
        ack = await tab.send(talk.pk, "echo asked once", key=uuid4().hex)
        await tab.seen(ack["turn"], "turn.waiting")
        other = {"provider": "sandbox", "model": "sandbox-claude"}
        again = await tab.ok("regenerate", message=ack["message"], client_message_id=uuid4().hex, **other)
        await tab.ok("stop", turn=ack["turn"])
        assert (await tab.ended(again["turn"]))["status"] == "completed"
        assert (await tab.seen(again["turn"], "turn.started"))["model"] == "sandbox-claude"
        assert tab.text_of(again["turn"]) == "asked once"
        assert (await tab.ended(ack["turn"]))["status"] == "stopped"


class TestSendingLess:
    async def test_does_what_its_preview_told(
        self, stage: Stage, ann: Person, tab: Tab, talk: Conversation, tap: Tap
    ) -> None:
        turn = await held_back(tab, talk, tap, "echo in short")
        [first] = built(tab, turn)
        _, told = await call(stage, ann, "GET", f"/turns/{turn}/shorter")
        assert told["tokens"] == first["tokens"]
        assert told["left_out"] > 0
        assert told["sooner_seconds"] is not None
        await tab.ok("shorten", turn=turn)
        second = await tab.seen(turn, "context.built", times=2)
        assert (second["tokens"], second["built_tokens"]) == (told["shorter_tokens"], told["tokens"])
        assert second["tokens"] < first["tokens"] / 2
        assert second["left_out"] - first["left_out"] == told["left_out"]
        await tap.fill()
        assert (await tab.ended(turn))["status"] == "completed"
        [sent] = stage.sandbox.requests_with("in short")
        assert str(sent.body).count("the checkout waits") < 500
        assert (await rows(Turn.objects.get, pk=turn)).shorter_requested_at is None
        _, receipts = await call(stage, ann, "GET", f"/turns/{turn}/receipts")
        assert receipts["items"][0]["built_tokens"] == told["tokens"]

    async def test_asked_for_in_another_process_is_read_from_the_row(
        self, ann: Person, tab: Tab, talk: Conversation, tap: Tap
    ) -> None:
        turn = await held_back(tab, talk, tap)
        await rows(turns.request_shorter, user=ann.user, turn_id=UUID(turn))
        second = await tab.seen(turn, "context.built", times=2)
        assert second["tokens"] < second["built_tokens"]
        await tab.ok("stop", turn=turn)

    async def test_holds_for_the_call_that_waits_and_for_no_later_one(
        self, stage: Stage, ann: Person, tab: Tab, talk: Conversation, tap: Tap
    ) -> None:
        release = stage.sandbox.hold("in rounds")
        turn = await held_back(tab, talk, tap, "loop 1 in rounds")
        await tab.ok("shorten", turn=turn)
        await tab.seen(turn, "context.built", times=2)
        await tap.fill()
        await tab.seen(turn, "turn.granted")
        await tap.empty()
        waits = [event for event in tab.of_turn(turn) if event["type"] == "turn.waiting"]
        release.set()
        await tab.seen(turn, "turn.waiting", times=len(waits) + 1)
        await tap.fill()
        await tab.ended(turn)
        _, receipts = await call(stage, ann, "GET", f"/turns/{turn}/receipts")
        assert ["built_tokens" in receipt for receipt in receipts["items"]] == [True, False]

    async def test_where_nothing_can_be_left_out_changes_nothing(
        self, stage: Stage, ann: Person, tab: Tab, tap: Tap
    ) -> None:
        conversation = await ann.conversation(model="sandbox-gpt")
        await tab.ok("subscribe", conversation=str(conversation.pk))
        turn = await held_back(tab, conversation, tap, "echo alone")
        _, told = await call(stage, ann, "GET", f"/turns/{turn}/shorter")
        assert (told["shorter_tokens"], told["left_out"]) == (told["tokens"], 0)
        status, answer = await call(stage, ann, "POST", f"/turns/{turn}/shorten")
        assert (status, answer["status"]) == (202, "waiting")
        await tap.fill()
        assert (await tab.ended(turn))["status"] == "completed"
        assert all(event["built_tokens"] is None for event in built(tab, turn))

    async def test_is_the_owners_alone(self, stage: Stage, bob: Person, tab: Tab, talk: Conversation, tap: Tap) -> None:
        turn = await held_back(tab, talk, tap)
        for method, path in (("GET", f"/turns/{turn}/shorter"), ("POST", f"/turns/{turn}/shorten")):
            assert (await call(stage, bob, method, path))[0] == 404
            assert (await call(stage, None, method, path))[0] == 401
        async with opened(stage, bob) as stranger:
            assert await stranger.refused("shorten", turn=turn) == "not_found"
        assert (await rows(Turn.objects.get, pk=turn)).shorter_requested_at is None
        await tab.ok("stop", turn=turn)


@pytest_asyncio.fixture(loop_scope="module", params=["sandbox-claude-tight", "sandbox-gpt-tight"])
async def tight(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Tap]:
    """A model whose pool the sandbox enforces, too."""
    tap = await rows(tap_of, request.param)
    await tap.fill()
    yield tap
    await tap.fill()


class TestOfATightModel:
    async def test_less_is_sent_as_its_preview_told(self, stage: Stage, ann: Person, tab: Tab, tight: Tap) -> None:
        talk = await talked(ann, tab, model=tight.model.model_id, questions=2)
        turn = await held_back(tab, talk, tight, "echo tight")
        _, told = await call(stage, ann, "GET", f"/turns/{turn}/shorter")
        already = len(built(tab, turn))
        await tab.ok("shorten", turn=turn)
        cut = await tab.seen(turn, "context.built", times=already + 1)
        assert (cut["tokens"], cut["built_tokens"]) == (told["shorter_tokens"], told["tokens"])
        await tight.fill()
        assert (await tab.ended(turn))["status"] == "completed"
        assert tab.text_of(turn) == "tight"

    async def test_whose_prefix_expired_it_is_cut_by_itself_and_there_is_no_more_to_leave_out(
        self, stage: Stage, ann: Person, tab: Tab
    ) -> None:
        claude = await rows(tap_of, "sandbox-claude-tight")
        await claude.fill()
        talk = await talked(ann, tab, model="sandbox-claude-tight", questions=2)
        await claude.forget_prefixes()
        turn = await held_back(tab, talk, claude, "echo cold")
        _, second = built(tab, turn)
        _, told = await call(stage, ann, "GET", f"/turns/{turn}/shorter")
        assert (told["tokens"], told["shorter_tokens"], told["left_out"]) == (second["tokens"], second["tokens"], 0)
        assert second["tokens"] < second["built_tokens"]
        await claude.fill()
        assert (await tab.ended(turn))["status"] == "completed"
