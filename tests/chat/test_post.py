"""Sending, editing and regenerating: what becomes of the tree. Nothing is ever deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from django.db import transaction

from accounts.models import User
from accounts.refusals import IdempotencyConflict, InvalidRequest, NotFound, QueueFull
from chat import actions, branches, post, transcript
from chat.models import Branch, Conversation, Message, Turn
from chat.once import Accepted
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows
from tests.chat.trees import assert_whole, texts

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


class Chat:
    """One conversation of the user's, in which every turn is waited for."""

    def __init__(self, shop: Shop, user: User, conversation: Conversation) -> None:
        self.shop, self.user, self.conversation = shop, user, conversation

    async def send(self, text: str) -> Turn:
        return await self._ended(await rows(queued, self.user, text, conversation=self.conversation))

    async def edit(self, message: UUID, text: str, *, key: str = "") -> Turn:
        key = key or uuid4().hex
        return await self._ended(
            await rows(actions.edit, user=self.user, message_id=message, client_message_id=key, text=text)
        )

    async def regenerate(self, message: UUID, *, key: str = "", **wish: Any) -> Turn:
        key = key or uuid4().hex
        chosen = actions.Wish(**wish)
        return await self._ended(
            await rows(actions.regenerate, user=self.user, message_id=message, client_message_id=key, wish=chosen)
        )

    async def _ended(self, accepted: Accepted) -> Turn:
        self.shop.worker.wake()
        await until_all([accepted.turn.pk], *Turn.ENDED)
        return await rows(Turn.objects.get, pk=accepted.turn.pk)

    async def answer(self, turn: Turn) -> Message:
        found = Message.objects.filter(turn=turn, role="assistant").order_by("-position")
        answer = await rows(found.first)
        assert answer is not None
        return answer

    async def shown(self, **more: Any) -> list[dict[str, Any]]:
        """The messages of the active branch, as the API gives them."""
        conversation = await rows(Conversation.objects.select_related("active_branch").get, pk=self.conversation.pk)
        return (await rows(transcript.message_page, conversation, **more))[0]

    async def texts(self, **more: Any) -> list[str]:
        return [item["text"] for item in await self.shown(**more)]

    async def branches(self) -> int:
        return await rows(Branch.objects.filter(conversation=self.conversation).count)


@pytest_asyncio.fixture(loop_scope="module")
async def chat(shop: Shop, user: User) -> AsyncIterator[Chat]:
    chat = Chat(shop, user, await rows(conversation_of, user))
    yield chat
    await rows(assert_whole, chat.conversation)


@transaction.atomic
def stopped_while_queued(user: User, text: str) -> Accepted:
    """In one transaction: no worker may see it queued."""
    waiting = queued(user, text, conversation=conversation_of(user))
    Turn.objects.filter(pk=waiting.turn.pk).update(status=Turn.Status.STOPPED)
    return waiting


class TestEdit:
    async def test_makes_a_sibling_and_keeps_the_old_branch(self, chat: Chat) -> None:
        await chat.send("echo one")
        second = await chat.send("echo two")
        third = await chat.send("echo three")
        edited = await chat.edit(second.question_id, "echo zwei")
        assert await chat.texts() == ["echo one", "one", "echo zwei", "zwei"]
        assert await chat.texts(leaf=third.question_id) == [
            "echo one",
            "one",
            "echo two",
            "two",
            "echo three",
            "three",
        ]
        siblings = (await chat.shown())[2]["siblings"]
        ids = [str(second.question_id), str(edited.question_id)]
        assert siblings == {"index": 2, "count": 2, "ids": ids}

    async def test_of_the_first_message_begins_again_from_the_root(self, chat: Chat) -> None:
        first = await chat.send("echo one")
        edited = await chat.edit(first.question_id, "echo eins")
        assert await chat.texts() == ["echo eins", "eins"]
        shown = await chat.shown()
        assert shown[0]["parent"] is None
        assert shown[0]["siblings"]["count"] == 2
        assert (await chat.shown(leaf=first.question_id))[0]["siblings"]["index"] == 1
        assert (await rows(Message.objects.get, pk=edited.question_id)).position == 0

    async def test_the_model_is_sent_the_new_branch_alone(self, chat: Chat) -> None:
        await chat.send("echo the timbuktu beginning")
        second = await chat.send("echo the zanzibar continuation")
        await chat.edit(second.question_id, "echo the new continuation")
        asked = await chat.send("recall zanzibar")
        assert (await rows(texts, [await chat.answer(asked)])).startswith("No")
        asked = await chat.send("recall timbuktu")
        assert (await rows(texts, [await chat.answer(asked)])).startswith("Yes")

    async def test_an_edit_of_an_edit_is_a_third_sibling(self, chat: Chat) -> None:
        first = await chat.send("echo a")
        second = await chat.edit(first.question_id, "echo b")
        await chat.edit(second.question_id, "echo c")
        assert await chat.texts() == ["echo c", "c"]
        assert (await chat.shown())[0]["siblings"]["count"] == 3

    async def test_twice_with_one_id_is_once(self, chat: Chat) -> None:
        first = await chat.send("echo a")
        one = await chat.edit(first.question_id, "echo b", key="same-edit")
        two = await chat.edit(first.question_id, "echo b", key="same-edit")
        assert one.pk == two.pk
        with pytest.raises(IdempotencyConflict):
            await chat.edit(first.question_id, "echo c", key="same-edit")
        assert await chat.branches() == 2

    async def test_of_an_answer_or_of_a_waiting_message_is_refused(self, chat: Chat, user: User) -> None:
        turn = await chat.send("echo a")
        with pytest.raises(InvalidRequest):
            await chat.edit((await chat.answer(turn)).pk, "echo b")
        waiting = await rows(stopped_while_queued, user, "echo later")
        for refuse in (chat.edit(waiting.message.pk, "x"), chat.regenerate(waiting.message.pk)):
            with pytest.raises(InvalidRequest):
                await refuse


class TestRegenerate:
    async def test_makes_a_second_answer_beside_the_first(self, chat: Chat) -> None:
        turn = await chat.send("echo a")
        first = await chat.answer(turn)
        again = await chat.regenerate(first.pk)
        second = await chat.answer(again)
        assert again.question_id == turn.question_id
        shown = await chat.shown()
        assert [item["id"] for item in shown] == [str(turn.question_id), str(second.pk)]
        assert shown[1]["siblings"] == {"index": 2, "count": 2, "ids": [str(first.pk), str(second.pk)]}
        assert [item["id"] for item in await chat.shown(leaf=first.pk)] == [str(turn.question_id), str(first.pk)]
        assert again.regenerates_id == first.pk

    async def test_by_the_question_or_by_any_row_of_the_answer_is_the_same(self, chat: Chat) -> None:
        turn = await chat.send("loop 1")
        rows_of_it = await rows(list, Message.objects.filter(turn=turn).order_by("position"))
        assert [row.role for row in rows_of_it] == ["user", "assistant", "tool", "assistant"]
        for row in rows_of_it:
            again = await chat.regenerate(row.pk)
            assert again.question_id == turn.question_id
        assert [item["role"] for item in await chat.shown()] == ["user", "assistant", "tool", "assistant"]
        assert (await chat.shown())[1]["siblings"]["count"] == 5

    async def test_of_an_earlier_answer_leaves_what_came_after_it_on_the_old_branch(self, chat: Chat) -> None:
        first = await chat.send("echo one")
        second = await chat.send("echo two")
        await chat.regenerate((await chat.answer(first)).pk)
        assert await chat.texts() == ["echo one", "one"]
        await chat.send("echo three")
        assert await chat.texts() == ["echo one", "one", "echo three", "three"]
        assert await chat.texts(leaf=second.question_id) == ["echo one", "one", "echo two", "two"]

    async def test_the_model_is_not_sent_the_answer_that_it_replaces(self, chat: Chat, sandbox: HeldSandbox) -> None:
        turn = await chat.send("long 30\nwithout the old answer")
        again = await chat.regenerate(turn.question_id)
        requests = sandbox.requests_with("without the old answer")
        assert requests[0].body["messages"] == requests[1].body["messages"]
        assert await rows(texts, [await chat.answer(again)]) == await rows(texts, [await chat.answer(turn)])

    async def test_of_a_turn_that_failed_without_a_word_makes_no_branch(self, chat: Chat) -> None:
        turn = await chat.send("fault auth_401 1")
        assert turn.status == "failed"
        again = await chat.regenerate(turn.question_id)
        assert again.status == "completed"
        assert await chat.branches() == 1
        answer = await chat.answer(again)
        assert (answer.position, answer.parent_id) == (1, turn.question_id)
        await chat.send("echo next")
        assert len(await chat.shown()) == 4

    async def test_of_a_turn_that_failed_in_the_middle_keeps_its_half_answer(self, chat: Chat) -> None:
        turn = await chat.send("fault eof 1")
        half = await chat.answer(turn)
        again = await chat.regenerate(turn.question_id)
        assert await chat.branches() == 2
        assert (await chat.answer(again)).pk != half.pk
        assert (await chat.shown())[1]["siblings"]["count"] == 2

    async def test_twice_with_one_id_is_once(self, chat: Chat) -> None:
        turn = await chat.send("echo a")
        one = await chat.regenerate(turn.question_id, key="same")
        two = await chat.regenerate(turn.question_id, key="same")
        assert one.pk == two.pk
        with pytest.raises(IdempotencyConflict):
            await chat.regenerate((await chat.answer(turn)).pk, key="same")

    async def test_can_be_another_models_or_agents_work_just_once(self, chat: Chat, sandbox: HeldSandbox) -> None:
        turn = await chat.send("echo by somebody else")
        again = await chat.regenerate(
            turn.question_id, provider="sandbox", model="sandbox-gpt", agent="datadog-champion"
        )
        assert again.agent == "datadog-champion"
        assert [entry.model for entry in sandbox.requests_with("by somebody else")] == ["sandbox-claude", "sandbox-gpt"]
        conversation = await rows(Conversation.objects.select_related("model").get, pk=chat.conversation.pk)
        assert conversation.agent == "smart"
        assert conversation.model is not None
        assert conversation.model.model_id == "sandbox-claude"

    @pytest.mark.parametrize(
        ("wish", "refusal"),
        [
            ({"provider": "sandbox"}, InvalidRequest),
            ({"model": "sandbox-gpt"}, InvalidRequest),
            ({"provider": "sandbox", "model": "nothing"}, NotFound),
            ({"provider": "", "model": ""}, NotFound),
            ({"agent": "nobody"}, InvalidRequest),
        ],
    )
    async def test_an_unknown_wish_is_refused(self, chat: Chat, wish: dict[str, str], refusal: type[Exception]) -> None:
        turn = await chat.send("echo a")
        with pytest.raises(refusal):
            await chat.regenerate(turn.question_id, **wish)
        assert await rows(Turn.objects.filter(conversation=chat.conversation).count) == 1


class TestTheQueue:
    async def test_an_edit_waits_its_turn_and_forks_where_it_was_meant_to(
        self, chat: Chat, user: User, sandbox: HeldSandbox
    ) -> None:
        first = await chat.send("echo one")
        release = sandbox.hold("busy for now")
        running = await rows(queued, user, "echo busy for now", conversation=chat.conversation)
        edited = await rows(
            actions.edit, user=user, message_id=first.question_id, client_message_id="e", text="echo eins"
        )
        after = await rows(queued, user, "echo after", conversation=chat.conversation)
        release.set()
        chat.shop.worker.wake()
        ids = [each.turn.pk for each in (running, edited, after)]
        assert await until_all(ids, *Turn.ENDED) == ["completed"] * 3
        assert await chat.texts() == ["echo eins", "eins", "echo after", "after"]

    async def test_holds_for_edits_and_regenerations_too(self, chat: Chat, user: User, sandbox: HeldSandbox) -> None:
        first = await chat.send("echo one")
        release = sandbox.hold("the queue is full")
        for _ in range(21):
            await rows(queued, user, "echo the queue is full", conversation=chat.conversation)
        named: dict[str, Any] = {"user": user, "message_id": first.question_id, "client_message_id": "late"}
        for refuse in (lambda: post.edit(**named, text="x"), lambda: post.regenerate(**named)):
            with pytest.raises(QueueFull):
                await rows(refuse)
        release.set()
        chat.shop.worker.wake()
        waiting = await rows(list, Turn.objects.filter(conversation=chat.conversation).values_list("pk", flat=True))
        await until_all(waiting, *Turn.ENDED)


class TestTitles:
    async def test_the_first_message_names_the_conversation(self, chat: Chat) -> None:
        await chat.send("echo   a first\n message " + "x" * 100)
        title = (await rows(Conversation.objects.get, pk=chat.conversation.pk)).title
        assert title.startswith("echo a first message xxx")
        assert title.endswith("…")
        assert len(title) == 60
        await chat.send("echo another")
        assert (await rows(Conversation.objects.get, pk=chat.conversation.pk)).title == title

    async def test_a_name_that_somebody_gave_stays(self, shop: Shop, user: User) -> None:
        conversation = await rows(conversation_of, user, title="Mine")
        await Chat(shop, user, conversation).send("echo a")
        assert (await rows(Conversation.objects.get, pk=conversation.pk)).title == "Mine"


async def test_the_newest_messages_of_a_path_of_many_forks_come_in_order(chat: Chat) -> None:
    turn = await chat.send("echo 0")
    for n in range(1, 6):
        await chat.regenerate(turn.question_id)
        turn = await chat.send(f"echo {n}")
    conversation = await rows(Conversation.objects.select_related("active_branch").get, pk=chat.conversation.pk)

    def positions() -> list[int | None]:
        assert conversation.active_branch is not None
        return [message.position for message in branches.newest_first(conversation.active_branch)]

    assert await rows(positions) == list(range(11, -1, -1))
    assert await chat.branches() == 6
