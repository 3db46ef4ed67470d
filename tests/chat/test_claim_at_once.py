"""A turn that a worker of the same process takes in the transaction that queues it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from accounts.models import User
from accounts.refusals import StaleParent
from agents.llm.errors import ConfigInvalid
from agents.llm.messages import user_text
from agents.model_counter import counter_of
from chat import actions, engine, post, turn_start, turns
from chat.engine import Place
from chat.models import Conversation, Message, Turn
from chat.once import Accepted
from chat.turn_start import Start
from chat.turns import Claimed, Ending
from tests.chat.made import conversation_of, logged, queued
from tests.chat.shop import open_shop, until_all
from tests.chat.stage import Person, Stage, eventually, rows
from tests.chat.tab import opened
from tests.chat.trees import assert_whole

COMPLETED = Ending(status=Turn.Status.COMPLETED)


def sent(user: User, conversation: Conversation, *, key: str = "", text: str = "echo x", **more: object) -> Accepted:
    return post.post_message(
        user=user,
        conversation_id=conversation.pk,
        client_message_id=key or uuid4().hex,
        text=text,
        worker="me",
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.django_db
class TestRows:
    def test_the_turn_is_leased_and_in_its_place(self, owner: User) -> None:
        conversation = conversation_of(owner)
        accepted = sent(owner, conversation)
        assert accepted.claimed is not None
        turn = Turn.objects.get(pk=accepted.turn.pk)
        assert (turn.status, turn.lease_owner, turn.epoch, turn.seq) == ("running", "me", 1, 1)
        assert turn.lease_until is not None
        assert turn.started_at is not None
        assert turn.lease_until - turn.started_at >= turns.LEASE
        lease = accepted.claimed.lease
        assert (lease.turn_id, lease.epoch, lease.seq) == (turn.pk, 1, 1)
        question = Message.objects.get(pk=accepted.message.pk)
        conversation.refresh_from_db()
        assert (question.branch_id, question.position, question.turn_id) == (conversation.active_branch_id, 0, turn.pk)
        assert logged(turn) == [(1, "turn.queued")]
        turns.finish(lease, COMPLETED)
        assert_whole(conversation)

    def test_nobody_else_can_claim_it(self, owner: User) -> None:
        sent(owner, conversation_of(owner))
        assert turns.claim(owner="another", capacity=10) == []

    def test_the_next_one_continues_after_its_answer(self, owner: User) -> None:
        conversation = conversation_of(owner)
        first = sent(owner, conversation)
        assert first.claimed is not None
        turns.finish(first.claimed.lease, COMPLETED)
        second = sent(owner, conversation)
        assert second.claimed is not None
        question = Message.objects.get(pk=second.message.pk)
        assert (question.position, question.parent_id) == (1, first.message.pk)
        turns.finish(second.claimed.lease, COMPLETED)
        assert_whole(conversation)

    def test_behind_another_turn_it_waits(self, owner: User) -> None:
        conversation = conversation_of(owner)
        queued(owner, conversation=conversation)
        waiting = sent(owner, conversation)
        assert waiting.claimed is None
        assert Turn.objects.get(pk=waiting.turn.pk).status == "queued"
        [one] = turns.claim(owner="w", capacity=9)
        assert sent(owner, conversation).claimed is None
        turns.finish(one.lease, COMPLETED)
        assert [claimed.turn.pk for claimed in turns.claim(owner="w", capacity=9)] == [waiting.turn.pk]

    def test_nobody_gets_more_turns_at_once_this_way(self, owner: User, member: User) -> None:
        for _ in range(turns.TURNS_PER_USER):
            assert sent(owner, conversation_of(owner)).claimed is not None
        assert sent(owner, conversation_of(owner)).claimed is None
        assert sent(member, conversation_of(member)).claimed is not None

    def test_a_repeat_claims_nothing_twice(self, owner: User) -> None:
        conversation = conversation_of(owner)
        first = sent(owner, conversation, key="same")
        again = sent(owner, conversation, key="same")
        assert (again.duplicate, again.claimed, again.turn.pk) == (True, None, first.turn.pk)
        assert Turn.objects.get().epoch == 1

    def test_what_is_refused_leaves_nothing(self, owner: User) -> None:
        conversation = conversation_of(owner)
        first = sent(owner, conversation)
        with pytest.raises(StaleParent):
            sent(owner, conversation, parent=first.message.pk)
        assert Turn.objects.count() == Message.objects.count() == 1

    def test_the_weight_that_the_check_found_is_kept(self, owner: User) -> None:
        conversation = conversation_of(owner)
        accepted = actions.send(
            user=owner, conversation_id=conversation.pk, client_message_id="1", text="echo twelve words"
        )
        assert conversation.model is not None
        counter = counter_of(conversation.model)
        message = Message.objects.get(pk=accepted.message.pk)
        assert (message.token_count, message.token_encoding) == (
            counter.message(user_text("echo twelve words", id="")),
            counter.name,
        )


def offer(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Claimed, Start | None]]:
    """What is begun at the place that every send is offered."""
    begun: list[tuple[Claimed, Start | None]] = []

    @contextmanager
    def held_place() -> Iterator[Place]:
        yield Place(owner="me", begin=lambda claimed, start: begun.append((claimed, start)))

    monkeypatch.setattr(engine, "held_place", held_place)
    return begun


@pytest.mark.django_db
class TestBegin:
    def test_it_begins_prepared_as_if_it_were_prepared_later(
        self, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun = offer(monkeypatch)
        conversation = conversation_of(owner)
        actions.send(user=owner, conversation_id=conversation.pk, client_message_id="1", text="echo x")
        [(claimed, start)] = begun
        assert start is not None
        later = turn_start.prepare(claimed.turn)
        assert (start.event, start.model, start.settings, start.tip) == (
            later.event,
            later.model,
            later.settings,
            later.tip,
        )
        assert isinstance(start.first, turn_start.Announced)
        assert isinstance(later.first, turn_start.Announced)
        assert start.first.request.messages == later.first.request.messages
        assert start.first.receipt | {"call": ""} == later.first.receipt | {"call": ""}

    def test_what_cannot_be_prepared_is_begun_all_the_same(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message is accepted by then; the turn itself tells what is wrong."""
        begun = offer(monkeypatch)
        conversation = conversation_of(owner)

        def prepare(turn: Turn, *, chosen: turn_start.Chosen | None = None) -> turn_start.Start:
            raise ConfigInvalid("An admin has just switched the agent off.")

        monkeypatch.setattr(turn_start, "prepare", prepare)
        actions.send(user=owner, conversation_id=conversation.pk, client_message_id="1", text="echo x")
        [(claimed, start)] = begun
        assert start is None
        assert claimed.turn.status == "running"


@pytest.mark.asyncio(loop_scope="module")
class TestLive:
    async def test_a_turn_sent_to_a_server_is_run_by_its_worker_once(self, stage: Stage, ann: Person) -> None:
        conversation = await ann.conversation()
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            for n in range(3):
                ack = await tab.send(conversation.pk, f"echo number {n}", key=str(n))
                assert (await tab.ended(ack["turn"]))["status"] == "completed"
        found = await rows(list, Turn.objects.filter(conversation=conversation).values_list("lease_owner", "epoch"))
        running = engine._Process.engine
        assert running is not None
        assert found == [(running.worker.owner, 1)] * 3
        await rows(assert_whole, conversation)

    async def test_a_turn_that_nothing_can_answer_fails_with_the_reason(self, stage: Stage, ann: Person) -> None:
        """Its agent is gone when the turn before it has ended."""
        conversation = await ann.conversation()
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            first = await tab.send(conversation.pk, "slow long 500", key="0")
            ack = await tab.send(conversation.pk, "echo x", key="1")
            await rows(Turn.objects.filter(pk=ack["turn"]).update, agent="dismissed")
            await tab.ok("stop", turn=first["turn"])
            ended = await tab.ended(ack["turn"])
        assert (ended["status"], ended["reason"]) == ("failed", "config_invalid")

    async def test_a_worker_that_stops_waits_for_the_turn_that_is_being_claimed(self, user: User) -> None:
        conversation = await rows(conversation_of, user)
        async with open_shop() as shop:
            await eventually(shop.worker.places.hold)
            accepted = await rows(
                post.post_message,
                user=user,
                conversation_id=conversation.pk,
                client_message_id="1",
                text="slow long 3000",
                worker=shop.worker.owner,
            )
            assert accepted.claimed is not None
            stopping = asyncio.create_task(shop.worker.stop())
            await asyncio.sleep(0)
            assert not stopping.done()
            shop.worker.begin(accepted.claimed)
            shop.worker.places.let_go()
            await stopping
        assert await until_all([accepted.turn.pk], *Turn.ENDED) == ["interrupted"]
