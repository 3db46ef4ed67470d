"""Workers without a server: several on one database, one that dies, one that is told to go."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import User
from chat import reaper, turn_start, turns
from chat.models import Message, Turn, TurnEvent
from chat.turns import Claimed
from tests.chat.made import claimed, conversation_of, queued
from tests.chat.shop import open_shop, statuses, until_all
from tests.chat.stage import PATIENCE, HeldSandbox, eventually, rows
from tests.chat.trees import check_log

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_workers_share_the_turns_and_run_each_once(user: User, sandbox: HeldSandbox) -> None:
    ids = [(await rows(queued, user, f"echo shared {n}.")).turn.pk for n in range(20)]
    async with open_shop(), open_shop():
        await until_all(ids, "completed")
    for n, id in enumerate(ids):
        assert len(sandbox.requests_with(f"echo shared {n}.")) == 1
        assert await rows(Message.objects.filter(turn_id=id, role="assistant").count) == 1
        assert await rows(TurnEvent.objects.filter(turn_id=id, type="turn.started").count) == 1


async def test_claims_that_race_have_one_winner(user: User) -> None:
    ids = {(await rows(queued, user)).turn.pk for _ in range(12)}
    won = await asyncio.gather(*(rows(turns.claim, owner=str(n), capacity=12) for n in range(6)))
    taken = [one.turn.pk for claims in won for one in claims]
    assert sorted(taken) == sorted(ids)
    for claims in won:
        for one in claims:
            await rows(turns.finish, one.lease, turns.Ending(status=Turn.Status.COMPLETED))


async def test_a_worker_runs_no_more_than_it_may(user: User, sandbox: HeldSandbox) -> None:
    release = sandbox.hold("crowded")
    ids = [(await rows(queued, user, f"echo crowded {n}")).turn.pk for n in range(5)]
    async with open_shop(capacity=2):
        await eventually(lambda: sandbox.waiting[b"crowded"] == 2)
        assert sorted(await rows(statuses, ids)) == ["queued"] * 3 + ["running"] * 2
        release.set()
        await until_all(ids, "completed")


async def test_no_place_is_given_away_while_the_worker_looks_who_waits(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, seen = asyncio.Event(), asyncio.Event()

    async def look(*, owner: str, capacity: int) -> list[Claimed]:
        looking.set()
        await seen.wait()
        return await rows(turns.claim, owner=owner, capacity=capacity)

    async with open_shop(capacity=1) as shop:
        await eventually(shop.worker.places.hold)
        shop.worker.places.let_go()
        monkeypatch.setattr("chat.worker._claim", look)
        await looking.wait()
        assert not shop.worker.places.hold()
        seen.set()
        await eventually(shop.worker.places.hold)
        shop.worker.places.let_go()


async def test_the_turn_of_a_dead_worker_is_ended_and_the_next_one_runs(user: User) -> None:
    conversation = await rows(conversation_of, user)
    lost, waiting = [(await rows(queued, user, conversation=conversation)).turn.pk for _ in range(2)]
    await rows(turns.claim, owner="dead", capacity=1, now=Now() - timedelta(minutes=1))
    async with open_shop():
        assert await until_all([lost, waiting], "interrupted", "completed") == ["interrupted", "completed"]


async def test_the_turn_of_another_worker_that_lives_is_left_alone(user: User) -> None:
    alive = await rows(claimed, user, owner="somebody else")
    done = (await rows(queued, user)).turn.pk
    async with open_shop():
        await until_all([done], "completed")
        await asyncio.sleep(0.2)  # Several looks of the reaper.
    assert await rows(statuses, [alive.turn.pk]) == ["running"]
    await rows(turns.finish, alive.lease, turns.Ending(status=Turn.Status.COMPLETED))


async def test_a_turn_that_runs_here_is_not_lost_even_if_its_lease_ran_out(user: User, sandbox: HeldSandbox) -> None:
    release = sandbox.hold("slow database")
    id = (await rows(queued, user, "echo slow database")).turn.pk
    async with open_shop(heartbeat=0.5):
        await eventually(lambda: sandbox.waiting[b"slow database"])
        await rows(Turn.objects.filter(pk=id).update, lease_until=Now() - timedelta(hours=1))
        await asyncio.sleep(0.8)  # A look of the reaper and a renewal.
        release.set()
        assert await until_all([id], "completed", "interrupted") == ["completed"]


async def test_a_stop_that_was_asked_for_in_another_process_is_heard(user: User) -> None:
    id = (await rows(queued, user, "slow long 3000")).turn.pk
    async with open_shop():
        await until_all([id], "running")
        await rows(turns.request_stop, user=user, turn_id=id)
        assert await until_all([id], "stopped", "completed") == ["stopped"]


async def test_a_worker_that_goes_ends_what_runs_with_its_text_and_leaves_what_waits(user: User) -> None:
    conversation = await rows(conversation_of, user)
    running, waiting = [
        (await rows(queued, user, "slow long 3000", conversation=conversation)).turn.pk for _ in range(2)
    ]
    async with open_shop():
        async with asyncio.timeout(PATIENCE):
            while not await rows(TurnEvent.objects.filter(turn_id=running, type="delta").exists):
                await asyncio.sleep(0.01)
    assert await rows(statuses, [running, waiting]) == ["interrupted", "queued"]
    said = await rows(list, TurnEvent.objects.filter(turn_id=running, type="delta").order_by("seq"))
    answer = await rows(Message.objects.get, turn_id=running, role="assistant")
    assert answer.parts[0]["text"] == "".join(event.data["text"] for event in said) != ""
    await rows(turns.request_stop, user=user, turn_id=waiting)


async def test_a_turn_stopped_in_the_moment_of_its_claim_ends_as_stopped(user: User) -> None:
    async with AsyncExitStack() as shops:
        shop = await shops.enter_async_context(open_shop())
        ids = []
        for _ in range(10):
            id = (await rows(queued, user, "slow long 3000")).turn.pk
            shop.worker.wake()
            await asyncio.sleep(0.001)
            await rows(turns.request_stop, user=user, turn_id=id)
            shop.worker.stop_turn(id)
            ids.append(id)
        assert await until_all(ids, "stopped", "completed") == ["stopped"] * 10


async def test_a_fault_that_nobody_foresaw_ends_the_turn_and_not_the_worker(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(turn: Turn) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(turn_start, "prepare", explode)
        async with open_shop():
            broken = (await rows(queued, user)).turn.pk
            await until_all([broken], "failed")
            patch.undo()
            fine = (await rows(queued, user)).turn.pk
            await until_all([fine], "completed")
    turn = await rows(Turn.objects.get, pk=broken)
    assert turn.reason == "internal"
    assert "secret detail" not in turn.error_message
    reference = turn.error_message.rsplit(" ", 1)[-1]
    assert reference in caplog.text


async def test_a_turn_that_was_taken_over_speaks_on_for_nobody(user: User, sandbox: HeldSandbox) -> None:
    """Its model call is closed at the next piece of text, not only at the end of the answer."""
    turn = (await rows(queued, user, "slow long 3000\ntaken over in the middle")).turn
    async with open_shop() as shop:
        await eventually(lambda: turn.pk in shop.worker._runs and shop.worker._runs[turn.pk].lease.seq > 4)
        await rows(reaper.reap, turn.pk)
        await eventually(lambda: turn.pk not in shop.worker._runs)
    [request] = sandbox.requests_with("taken over in the middle")
    assert request.outcome == "closed"
    await rows(check_log, await rows(Turn.objects.get, pk=turn.pk))
