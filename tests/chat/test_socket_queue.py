"""One turn of a conversation runs at a time, the others wait their turn; and any of them can be stopped."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from agents import roster
from agents.models import ModelCall
from chat import conversations, transcript
from chat.models import Message, Turn
from tests.chat import workshop
from tests.chat.stage import Person, Stage, eventually, rows
from tests.chat.tab import Frame, Tab, is_gapless, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def bench(monkeypatch: pytest.MonkeyPatch) -> workshop.Bench:
    bench = workshop.Bench()
    monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, workshop.agent(bench.tool())))
    return bench


def row_text(turn: str) -> str:
    """What the rows say that the turn answered."""
    answers = Message.objects.filter(turn_id=turn, role="assistant").order_by("position")
    return "".join(part["text"] for row in answers for part in row.parts if part["kind"] == "text")


async def status_of(turn: str) -> str:
    return (await rows(Turn.objects.get, pk=turn)).status


async def until_nothing_more_comes(stage: Stage, person: Person, tab: Tab, conversation: UUID) -> None:
    """A whole other turn of the same conversation: whatever the one before still had to say would come before it."""
    ack = await tab.send(conversation, "echo afterwards", key=uuid4().hex)
    await tab.ended(ack["turn"])


class TestTheQueue:
    async def test_twenty_wait_behind_one_and_run_in_their_order(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        release = stage.sandbox.hold("the first of many")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            acks = [await tab.send(conversation.pk, "echo the first of many", key="0")]
            acks += [await tab.send(conversation.pk, f"echo number {n}", key=str(n)) for n in range(1, 21)]
            full = await tab.ask(
                "send", conversation=str(conversation.pk), client_message_id="21", text="echo one too many"
            )
            assert (full["code"], full["retryable"], full["params"]) == ("queue_full", True, {"queued": 20})
            positions = [tab.of_turn(ack["turn"])[0]["position"] for ack in acks]
            release.set()
            for ack in acks:
                await tab.ended(ack["turn"])
        assert positions[1:] == list(range(20))
        assert not await rows(Message.objects.filter(client_message_id="21", author=ann.user).exists)
        order = [frame["turn"] for frame in tab.frames if frame["type"] == "turn.started"]
        assert order == [ack["turn"] for ack in acks]
        ends = {frame["turn"]: n for n, frame in enumerate(tab.frames) if frame["type"] == "turn.ended"}
        starts = {frame["turn"]: n for n, frame in enumerate(tab.frames) if frame["type"] == "turn.started"}
        assert all(ends[one] < starts[following] for one, following in pairwise(order))

    async def test_each_is_bound_to_its_parent_when_it_is_claimed(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        release = stage.sandbox.hold("bound to")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            acks = [await tab.send(conversation.pk, f"echo bound to {n}", key=str(n)) for n in range(3)]
            await tab.seen(acks[0]["turn"], "context.built")
            waiting = await rows(Message.objects.get, pk=acks[2]["message"])
            assert (waiting.parent_id, waiting.position, waiting.branch_id) == (None, None, None)
            release.set()
            for ack in acks:
                await tab.ended(ack["turn"])
        path = await rows(list, Message.objects.filter(conversation=conversation).order_by("position"))
        assert [row.position for row in path] == list(range(6))
        assert [row.parent_id for row in path] == [None, *(row.pk for row in path[:-1])]
        assert [str(row.pk) for row in path[::2]] == [ack["message"] for ack in acks]

    async def test_conversations_do_not_wait_for_each_other(self, stage: Stage, ann: Person) -> None:
        here, there = await ann.conversation(), await ann.conversation()
        release = stage.sandbox.hold("busy here")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(there.pk), cursors={})
            await tab.send(here.pk, "echo busy here", key="1")
            ack = await tab.send(there.pk, "echo free there", key="2")
            await tab.ended(ack["turn"])
        release.set()


class TestStop:
    async def test_while_queued(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        release = stage.sandbox.hold("in the way")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            first = await tab.send(conversation.pk, "echo in the way", key="1")
            queued = await tab.send(conversation.pk, "echo never said", key="2")
            last = await tab.send(conversation.pk, "echo the last", key="3")
            ack = await tab.ok("stop", turn=queued["turn"])
            assert (ack["turn"], ack["conversation"]) == (queued["turn"], str(conversation.pk))
            ended = await tab.ended(queued["turn"])
            release.set()
            assert (await tab.ended(last["turn"]))["status"] == "completed"
        assert (ended["status"], ended["message"], ended["reason"]) == ("stopped", None, None)
        assert [event["type"] for event in tab.of_turn(queued["turn"])] == ["turn.queued", "turn.ended"]
        assert await status_of(first["turn"]) == "completed"
        assert stage.sandbox.requests_with("never said") == []

    async def test_before_the_first_byte(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        release = stage.sandbox.hold("not a byte")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, "echo not a byte", key="1")
            await tab.seen(ack["turn"], "context.built")
            await eventually(lambda: stage.sandbox.waiting[b"not a byte"])
            await tab.ok("stop", turn=ack["turn"])
            ended = await tab.ended(ack["turn"])
            release.set()
        assert (ended["status"], ended["message"]) == ("stopped", None)
        assert tab.text_of(ack["turn"]) == await rows(row_text, ack["turn"]) == ""
        call = await rows(ModelCall.objects.get, user=ann.user)
        assert (call.status, call.error_code) == ("cancelled", "")
        assert call.ended_at is not None

    @pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
    async def test_while_streaming_the_text_never_grows_again(self, stage: Stage, ann: Person, model: str) -> None:
        conversation = await ann.conversation(model=model)
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, f"slow long 3000\nfor {model}", key="1")
            await tab.seen(ack["turn"], "delta", times=3)
            await tab.ok("stop", turn=ack["turn"])
            ended = await tab.ended(ack["turn"])
            text = tab.text_of(ack["turn"])
            await until_nothing_more_comes(stage, ann, tab, conversation.pk)
            assert tab.text_of(ack["turn"]) == text
            assert tab.of_turn(ack["turn"])[-1] == ended
        assert ended["status"] == "stopped"
        assert is_gapless(tab.of_turn(ack["turn"]))
        assert await rows(row_text, ack["turn"]) == text != ""
        assert ended["message"] is not None
        assert stage.sandbox.requests_with(f"for {model}")[0].outcome == "closed"
        reloaded = await rows(conversations.get, ann.user, conversation.pk)
        state = await rows(transcript.page_state, ann.user, reloaded)
        assert state["turns"][ack["turn"]]["iterations"][0]["text"] == text

    async def test_in_a_tool(self, stage: Stage, ann: Person, bench: workshop.Bench) -> None:
        conversation = await ann.conversation(agent="workshop")
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, "parallel 2", key="1")
            await tab.seen(ack["turn"], "tool.call", times=2)
            await eventually(lambda: bench.begun == 2)
            await tab.ok("stop", turn=ack["turn"])
            ended = await tab.ended(ack["turn"])
            text = tab.text_of(ack["turn"])
            bench.release.set()
            await until_nothing_more_comes(stage, ann, tab, conversation.pk)
        assert ended["status"] == "stopped"
        assert bench.cancelled == 2
        assert await rows(row_text, ack["turn"]) == text == tab.text_of(ack["turn"])
        assert not [event for event in tab.of_turn(ack["turn"]) if event["type"] == "tool.result"]

    async def test_after_the_end_it_is_too_late(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, "echo done", key="1")
            await tab.ended(ack["turn"])
            assert await tab.refused("stop", turn=ack["turn"]) == "turn_not_running"
            assert await tab.refused("stop", turn=ack["turn"]) == "turn_not_running"
        assert await status_of(ack["turn"]) == "completed"

    async def test_at_any_moment_a_stop_ends_the_turn_once(self, stage: Stage, ann: Person) -> None:
        """Stops that race with every step of a turn, the last one included."""
        async with opened(stage, ann) as tab:

            async def one(n: int) -> tuple[str, Frame]:
                conversation = await ann.conversation()
                await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
                ack = await tab.send(conversation.pk, "loop 1 long 60", key=f"race-{n}")
                await asyncio.sleep(n * 0.004)
                answer = await tab.ask("stop", turn=ack["turn"])
                assert answer["type"] == "ack" or answer["code"] == "turn_not_running", answer
                return ack["turn"], await tab.ended(ack["turn"])

            for n in range(12):
                turn, ended = await one(n)
                assert ended["status"] in ("stopped", "completed")
                assert is_gapless(tab.of_turn(turn))
                assert [event["type"] for event in tab.of_turn(turn)].count("turn.ended") == 1
                assert await status_of(turn) == ended["status"]
                assert await rows(row_text, turn) == tab.text_of(turn)
        assert not await rows(ModelCall.objects.filter(user=ann.user, status="running").exists)
