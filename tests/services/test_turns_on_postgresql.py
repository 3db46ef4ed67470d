"""What only a database with many writers at once can break: claims, fences and locks that race."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from django.db import connection

from accounts.models import User
from accounts.refusals import NotFound, QueueFull, TurnNotRunning
from chat import conversations, post, reaper, turns
from chat.lease import LeaseLost
from chat.models import Conversation, Message, Turn, TurnEvent
from chat.once import Accepted
from chat.turns import Claimed, Ending
from tests.chat.made import claimed, conversation_of, queued, write
from tests.chat.shop import open_shop, until_all
from tests.chat.stage import HeldSandbox, Person, Stage, rows
from tests.chat.tab import is_gapless, opened
from tests.chat.trees import assert_whole

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_postgres]

COMPLETED = Ending(status=Turn.Status.COMPLETED)


async def outcomes(*attempts: Awaitable[object]) -> list[object]:
    return await asyncio.gather(*attempts, return_exceptions=True)


def finish_all(taken: Sequence[Claimed]) -> None:
    for one in taken:
        turns.finish(one.lease, COMPLETED)


async def test_this_is_postgresql(user: User) -> None:
    assert connection.vendor == "postgresql"


async def test_claims_that_race_have_one_winner_each(user: User) -> None:
    ids = [(await rows(queued, user)).turn.pk for _ in range(18)]
    won = await asyncio.gather(*(rows(turns.claim, owner=str(n), capacity=18) for n in range(6)))
    taken = [one for claims in won for one in claims]
    left = await rows(turns.claim, owner="last", capacity=18)
    assert sorted(one.turn.pk for one in [*taken, *left]) == sorted(ids)
    await rows(finish_all, [*taken, *left])


async def test_of_one_conversation_never_two_turns_run(user: User) -> None:
    conversation = await rows(conversation_of, user)
    ids = [(await rows(queued, user, conversation=conversation)).turn.pk for _ in range(8)]
    order: list[UUID] = []

    async def work(owner: str) -> None:
        while len(order) < len(ids):
            for one in await rows(turns.claim, owner=owner, capacity=3):
                active = Turn.objects.filter(conversation=conversation, status__in=Turn.ACTIVE)
                assert await rows(active.count) == 1
                order.append(one.turn.pk)
                await rows(turns.finish, one.lease, COMPLETED)

    await asyncio.gather(*(work(str(n)) for n in range(4)))
    assert order == ids
    await rows(assert_whole, conversation)


async def test_sends_that_take_their_turn_at_once_race_with_claims_and_one_wins(user: User) -> None:
    for _ in range(5):
        conversation = await rows(conversation_of, user)

        def send(worker: str, conversation: Conversation = conversation) -> list[UUID]:
            accepted = post.post_message(
                user=user, conversation_id=conversation.pk, client_message_id=uuid4().hex, text="x", worker=worker
            )
            return [] if accepted.claimed is None else [accepted.turn.pk]

        def claim(owner: str) -> list[UUID]:
            return [one.turn.pk for one in turns.claim(owner=owner, capacity=100)]

        won = await asyncio.gather(*(rows(work, f"w{n}") for n in range(5) for work in (send, claim)))
        active = Turn.objects.filter(conversation=conversation, status__in=Turn.ACTIVE)
        found = await rows(list, active.values_list("pk", "epoch"))
        assert found == [(turn_id, 1) for some in won for turn_id in some]
        assert len(found) == 1
        assert await rows(Turn.objects.filter(conversation=conversation).count) == 5
        await rows(conversations.delete, user, conversation.pk)


async def test_a_writer_and_a_reaper_that_race_leave_one_gapless_log(user: User) -> None:
    for _ in range(10):
        one = await rows(claimed, user)

        async def write_on(one: Claimed = one) -> None:
            with suppress(LeaseLost):
                await rows(write, one.lease, ("iteration.started", {"n": 1, "max": 1, "message": str(uuid4())}))
                for n in range(20):
                    await rows(write, one.lease, ("delta", {"text": str(n)}))

        await asyncio.gather(write_on(), rows(reaper.reap, one.turn.pk), rows(reaper.reap, one.turn.pk))
        await rows(assert_whole, one.turn.conversation)


async def test_twenty_equal_sends_at_once_are_one(user: User) -> None:
    conversation = await rows(conversation_of, user)

    def send() -> Accepted:
        return post.post_message(user=user, conversation_id=conversation.pk, client_message_id="same", text="x")

    accepted = await asyncio.gather(*(rows(send) for _ in range(20)))
    assert len({one.turn.pk for one in accepted}) == 1
    assert sorted(one.duplicate for one in accepted) == [False] + [True] * 19
    assert await rows(Message.objects.filter(conversation=conversation).count) == 1


async def test_thirty_different_sends_at_once_get_numbers_of_their_own_up_to_the_queues_end(user: User) -> None:
    conversation = await rows(conversation_of, user)
    attempts = await outcomes(*(rows(queued, user, f"text {n}", conversation=conversation) for n in range(30)))
    refused = [one for one in attempts if isinstance(one, BaseException)]
    assert {type(one) for one in refused} == {QueueFull}
    assert len(refused) == 9
    numbers = await rows(list, Turn.objects.filter(conversation=conversation).values_list("number", flat=True))
    assert sorted(numbers) == list(range(1, 22))


async def test_a_stop_and_a_claim_that_race_end_or_run_the_turn(user: User) -> None:
    for _ in range(15):
        turn = (await rows(queued, user)).turn
        stopping, taken = await asyncio.gather(
            rows(turns.request_stop, user=user, turn_id=turn.pk), rows(turns.claim, owner="w", capacity=100)
        )
        mine = [one for one in taken if one.turn.pk == turn.pk]
        assert stopping.ended == (not mine)
        log = await rows(list, TurnEvent.objects.filter(turn=turn).values_list("seq", "type"))
        assert log == ([(1, "turn.queued")] if mine else [(1, "turn.queued"), (2, "turn.ended")])
        await rows(finish_all, taken)
        with pytest.raises(TurnNotRunning):
            await rows(turns.request_stop, user=user, turn_id=turn.pk)


async def test_a_deletion_that_races_with_everything_leaves_nothing(user: User) -> None:
    for _ in range(10):
        conversation = await rows(conversation_of, user)
        await rows(queued, user, conversation=conversation)
        await rows(queued, user, conversation=conversation)
        done = await outcomes(
            rows(turns.claim, owner="w", capacity=100),
            rows(queued, user, conversation=conversation),
            rows(conversations.delete, user, conversation.pk),
            rows(queued, user, conversation=conversation),
            rows(turns.claim, owner="v", capacity=100),
            rows(conversations.delete, user, conversation.pk),
        )
        faults = [one for one in done if isinstance(one, BaseException)]
        assert all(isinstance(fault, NotFound) for fault in faults), faults
        assert not await rows(Conversation.objects.filter(pk=conversation.pk).exists)
        assert not await rows(Message.objects.filter(conversation=conversation.pk).exists)
        assert not await rows(Turn.objects.filter(conversation=conversation.pk).exists)


async def test_two_workers_share_the_turns_and_run_each_once(user: User, sandbox: HeldSandbox) -> None:
    mark = uuid4().hex
    ids = [(await rows(queued, user, f"loop 1\n{mark} {n}.")).turn.pk for n in range(20)]
    async with open_shop(), open_shop():
        await until_all(ids, "completed")
    for n in range(20):
        assert len(sandbox.requests_with(f"{mark} {n}.")) == 2


async def test_a_turn_streams_over_a_socket_and_can_be_stopped(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        first = await tab.send(conversation.pk, "loop 2 parallel 2 long 60", key="1")
        assert (await tab.ended(first["turn"]))["status"] == "completed"
        second = await tab.send(conversation.pk, "slow long 3000", key="2")
        await tab.seen(second["turn"], "delta")
        await tab.ok("stop", turn=second["turn"])
        assert (await tab.ended(second["turn"]))["status"] == "stopped"
        assert is_gapless(tab.of_turn(first["turn"]))
        assert is_gapless(tab.of_turn(second["turn"]))
    await rows(assert_whole, conversation)


async def test_two_processes_may_run_turns_at_once(stage: Stage, ann: Person) -> None:
    """The server of the stage and a worker beside it: no lock, and a tab sees the turns of both."""
    async with open_shop(), opened(stage, ann) as tab:
        for n in range(6):
            conversation = await ann.conversation()
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, f"long 30\n{n}", key=str(n))
            await tab.ended(ack["turn"])
            assert is_gapless(tab.of_turn(ack["turn"]))
    mine = Turn.objects.filter(conversation__owner=ann.user)
    assert await rows(list, mine.values_list("epoch", flat=True)) == [1] * 6
