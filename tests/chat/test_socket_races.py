"""Everything at once on one conversation: what is left makes sense, and nobody sees an error of the server's."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import pytest

from agents.models import ModelCall
from chat import actions, conversations
from chat.models import Branch, Conversation, Iteration, Message, Turn, TurnEvent
from tests.chat.shop import until_all
from tests.chat.stage import Person, Stage, eventually, rows
from tests.chat.tab import Frame, Tab, opened
from tests.chat.trees import assert_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXPECTED = {"ack", "not_found", "turn_not_running", "queue_full", "stale_parent", "invalid_request"}


def rows_left(conversation_id: object) -> int:
    mine = {"conversation": conversation_id}
    of_turns = {"turn__conversation": conversation_id}
    return sum(
        (
            Conversation.objects.filter(pk=str(conversation_id)).count(),
            Branch.objects.filter(**mine).count(),
            Message.objects.filter(**mine).count(),
            Turn.objects.filter(**mine).count(),
            TurnEvent.objects.filter(**of_turns).count(),
            Iteration.objects.filter(**of_turns).count(),
        )
    )


class Mob:
    """Several tabs that do whatever comes to their minds, at once, to one conversation."""

    def __init__(self, tabs: list[Tab], conversation: Conversation, chance: random.Random) -> None:
        self.tabs, self.conversation, self.chance = tabs, str(conversation.pk), chance
        self.turns: list[str] = []
        self.messages: list[str] = []

    async def act(self, tab: Tab) -> Frame:
        key = {"client_message_id": uuid4().hex}
        message = self.chance.choice(self.messages)
        match self.chance.choice(["edit", "regenerate", "stop", "send", "reply"]):
            case "edit":
                answer = await tab.ask("edit", message=message, text="loop 1 long 20", **key)
            case "regenerate":
                answer = await tab.ask("regenerate", message=message, **key)
            case "stop":
                answer = await tab.ask("stop", turn=self.chance.choice(self.turns))
            case "send":
                answer = await tab.ask("send", conversation=self.conversation, text="slow long 20", **key)
            case _:
                sent = {"conversation": self.conversation, "text": "echo x", "parent": message}
                answer = await tab.ask("send", **sent, **key)
        if answer["type"] == "ack":
            self.turns.append(answer["turn"])
            self.messages += [answer["message"]] if answer["message"] else []
        return answer

    async def begin(self) -> None:
        ack = await self.tabs[0].send(self.conversation, "slow long 30", key=uuid4().hex)
        self.turns.append(ack["turn"])
        self.messages.append(ack["message"])


@pytest.mark.parametrize("seed", range(4))
async def test_edits_regenerations_sends_and_stops(stage: Stage, ann: Person, seed: int) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as one, opened(stage, ann) as two, opened(stage, ann) as three:
        mob = Mob([one, two, three], conversation, random.Random(seed))
        await mob.begin()
        answers = [answer for _ in range(8) for answer in await asyncio.gather(*(mob.act(tab) for tab in mob.tabs))]
    kinds = {answer["code"] if answer["type"] == "error" else "ack" for answer in answers}
    assert kinds <= EXPECTED
    await until_all([turn.pk for turn in await rows(list, conversation.turns.all())], *Turn.ENDED)
    await rows(assert_whole, conversation)
    assert not await rows(ModelCall.objects.filter(user=ann.user, status="running").exists)


@pytest.mark.parametrize("seed", range(4))
async def test_and_a_deletion_in_the_middle_leaves_nothing(
    stage: Stage, ann: Person, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as one, opened(stage, ann) as two, opened(stage, ann) as three:
        mob = Mob([one, two, three], conversation, random.Random(seed))
        await mob.begin()
        deleted = asyncio.create_task(self_destruct(ann, conversation, after=mob.chance.random() * 0.1))
        answers = [answer for _ in range(5) for answer in await asyncio.gather(*(mob.act(tab) for tab in mob.tabs))]
        await deleted
        # Whatever ran there has noticed; the sockets and the worker are well.
        other = await ann.conversation()
        await one.ok("subscribe", conversation=str(other.pk), cursors={})
        ack = await one.send(other.pk, "echo still here", key=uuid4().hex)
        await one.ended(ack["turn"])
    kinds = {answer["code"] if answer["type"] == "error" else "ack" for answer in answers}
    assert kinds <= EXPECTED
    await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith("turn-")])
    assert await rows(rows_left, conversation.pk) == 0
    assert not [record for record in caplog.records if record.exc_info]
    assert not await rows(ModelCall.objects.filter(user=ann.user, status="running").exists)


async def self_destruct(person: Person, conversation: Conversation, *, after: float) -> None:
    await asyncio.sleep(after)
    await rows(conversations.delete, person.user, conversation.pk)


async def test_deleting_while_it_streams_stops_the_provider_at_once(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "slow long 3000\ndeleted while it streams", key="1")
        await tab.seen(ack["turn"], "delta")
        await rows(conversations.delete, ann.user, conversation.pk)
        await tab.until(lambda: any(frame.get("kind") == "deleted" for frame in tab.frames))
        [request] = stage.sandbox.requests_with("deleted while it streams")
        await eventually(lambda: request.outcome == "closed")
        assert await tab.refused("stop", turn=ack["turn"]) == "not_found"
        assert await tab.refused("subscribe", conversation=str(conversation.pk), cursors={}) == "not_found"
    assert await rows(rows_left, conversation.pk) == 0
    assert await rows(lambda: ModelCall.objects.get(user=ann.user).status) == "cancelled"


async def test_twenty_equal_edits_and_regenerations_at_once_are_one_each(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "echo once", key="1")
        await tab.ended(ack["turn"])

    def edit() -> object:
        return actions.edit(user=ann.user, message_id=ack["message"], client_message_id="e", text="x").turn.pk

    def regenerate() -> object:
        return actions.regenerate(user=ann.user, message_id=ack["message"], client_message_id="r").turn.pk

    edits = await asyncio.gather(*(rows(edit) for _ in range(20)))
    regenerations = await asyncio.gather(*(rows(regenerate) for _ in range(20)))
    assert len(set(edits)) == len(set(regenerations)) == 1
    turns = await rows(list, conversation.turns.all())
    assert len(turns) == 3
    await until_all([turn.pk for turn in turns], "completed")
    await rows(assert_whole, conversation)
