"""Workers whose turns wait for people: what such a turn holds, and what becomes of it when its worker is lost."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import cast
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.refusals import TurnNotRunning
from agents.llm.consent import ConsentRequest, Decision
from agents.llm.messages import ToolCall
from agents.prepared import insert
from chat import approvals, reaper, transcript, turns
from chat.asking import MOST_ASKED, Asking, Desk
from chat.event_log import EventLog
from chat.lease import Lease
from chat.models import Approval, Turn
from tests.chat.made import claimed, queued
from tests.chat.refunding import asking_turn, pending, refunds, words
from tests.chat.shop import open_shop, until_all
from tests.chat.stage import HeldSandbox, eventually, new_person, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_turns_that_wait_for_people_take_no_place_from_others(user: User, sandbox: HeldSandbox) -> None:
    asking = [await rows(asking_turn, user, words(f"ORD-2110{n}")) for n in range(5)]
    async with open_shop(capacity=2) as shop:
        waiting = [await pending(turn) for turn in asking]
        assert shop.worker.places.free() == 2
        other = (await new_person()).user
        told = (await rows(queued, other, "echo not kept waiting")).turn.pk
        await until_all([told], "completed")
        for row in waiting:
            await rows(approvals.decide, user=user, turn_id=row.turn_id, approval_id=row.pk, approved=False)
        await until_all([turn.pk for turn in asking], "completed")
        await eventually(lambda: shop.worker.places.free() == 2)
        assert shop.worker.desk.waiting() == []


async def test_nobody_asks_more_than_their_turns_at_once(user: User, sandbox: HeldSandbox) -> None:
    more = turns.TURNS_PER_USER + 2
    asking = [await rows(asking_turn, user, words(f"ORD-212{n:02}")) for n in range(more)]
    async with open_shop(capacity=3) as shop:
        await eventually(lambda: shop.worker.desk.turns == turns.TURNS_PER_USER)
        await asyncio.sleep(0.1)
        assert shop.worker.desk.turns == turns.TURNS_PER_USER
        assert await rows(Turn.objects.filter(pk__in=[turn.pk for turn in asking], status="queued").count) == 2


async def test_the_lease_is_renewed_while_somebody_thinks(user: User, sandbox: HeldSandbox) -> None:
    turn = await rows(asking_turn, user, words("ORD-21300"))
    async with open_shop():
        await pending(turn)
        before = (await rows(Turn.objects.get, pk=turn.pk)).lease_until
        assert before is not None
        async with asyncio.timeout(5):
            while (await rows(Turn.objects.get, pk=turn.pk)).lease_until == before:
                await asyncio.sleep(0.02)
        assert await rows(turns.expired) == []


async def test_what_a_lost_worker_has_asked_expires_with_its_turn(user: User, sandbox: HeldSandbox) -> None:
    turn = await rows(asking_turn, user, words("ORD-21400"))
    async with open_shop():
        row = await pending(turn)
        await rows(reaper.reap, turn.pk)
        assert (await rows(Approval.objects.get, pk=row.pk)).status == "expired"
        turn = await rows(Turn.objects.get, pk=turn.pk)
        assert turn.status == "interrupted"
        state = await rows(transcript.folded, turn)
        assert [one["status"] for one in state["approvals"]] == ["expired"]
        assert [tool["approval"] for tool in state["iterations"][0]["tools"]] == ["expired"]
    assert refunds(sandbox, "ORD-21400") == 0


async def test_a_worker_that_lost_its_lease_does_nothing_although_it_was_allowed(
    user: User, sandbox: HeldSandbox
) -> None:
    turn = await rows(asking_turn, user, words("ORD-21500"))
    async with open_shop() as shop:
        row = await pending(turn)
        assert await rows(turns.take_over, turn.pk) is not None
        await rows(approvals.decide, user=user, turn_id=turn.pk, approval_id=row.pk, approved=True)
        shop.worker.desk.tell([row.pk])
        await eventually(lambda: shop.worker.desk.waiting() == [])
        await asyncio.sleep(0.1)
    assert refunds(sandbox, "ORD-21500") == 0


async def test_a_shutdown_ends_the_asking(user: User, sandbox: HeldSandbox) -> None:
    turn = await rows(asking_turn, user, words("ORD-21600"))
    async with open_shop():
        row = await pending(turn)
    assert (await rows(Turn.objects.get, pk=turn.pk)).status == "interrupted"
    assert (await rows(Approval.objects.get, pk=row.pk)).status == "expired"
    with pytest.raises(Exception, match="not done"):
        await rows(approvals.decide, user=user, turn_id=turn.pk, approval_id=row.pk, approved=True)
    assert refunds(sandbox, "ORD-21600") == 0


async def test_of_many_decisions_at_once_one_holds(user: User, sandbox: HeldSandbox) -> None:
    turn = await rows(asking_turn, user, words("ORD-21700"))
    async with open_shop():
        row = await pending(turn)
        decide = partial(approvals.decide, user=user, turn_id=turn.pk, approval_id=row.pk)
        wishes = [n % 2 == 0 for n in range(8)]
        answers = await asyncio.gather(*(rows(decide, approved=wish) for wish in wishes), return_exceptions=True)
        won = [answer for answer in answers if isinstance(answer, Approval)]
        assert len(won) == 1
        await until_all([turn.pk], "completed")
    assert refunds(sandbox, "ORD-21700") == int(won[0].status == "approved")


async def test_a_decision_after_the_end_is_none(user: User, sandbox: HeldSandbox) -> None:
    one = await rows(claimed, user)
    row = Approval(turn_id=one.turn.pk, n=1, call="c", tool="t", title="T", request="r")
    row.created_at = row.expires_at = one.turn.created_at
    await rows(row.save)
    await rows(Turn.objects.filter(pk=one.turn.pk).update, status="interrupted")
    with pytest.raises(TurnNotRunning):
        await rows(approvals.decide, user=user, turn_id=one.turn.pk, approval_id=row.pk, approved=True)


class Unwritten(Asking):
    """Asks nobody: what is written, and how it is decided, is told by the tests above."""

    def __init__(self) -> None:
        super().__init__(lease=cast(Lease, None), log=cast(EventLog, None), desk=Desk())
        self.asked, self.decided = 0, asyncio.Event()

    async def _ask(self, call: ToolCall, request: ConsentRequest) -> Decision:
        self.asked += 1
        await self.decided.wait()
        return "denied"


async def test_only_so_many_questions_of_a_turn_wait_at_once() -> None:
    asking = Unwritten()
    call, request = ToolCall(id="1", name="t", arguments="{}"), ConsentRequest(title="T", request="R")
    waiting = [asyncio.create_task(asking.ask(call, request)) for _ in range(MOST_ASKED)]
    await asyncio.sleep(0)
    assert await asking.ask(call, request) == "too_many"
    assert asking.asked == MOST_ASKED
    asking.decided.set()
    assert await asyncio.gather(*waiting) == ["denied"] * MOST_ASKED
    assert await asking.ask(call, request) == "denied"


async def test_a_desk_forgets_who_has_left() -> None:
    desk, turn, one, two = Desk(), uuid4(), uuid4(), uuid4()
    with desk.seat(one, turn=turn) as first:
        with desk.seat(two, turn=turn) as second:
            assert (desk.turns, set(desk.waiting())) == (1, {one, two})
            desk.tell([two, uuid4()])
            assert (first.is_set(), second.is_set()) == (False, True)
        assert (desk.turns, desk.waiting()) == (1, [one])
    assert (desk.turns, desk.waiting()) == (0, [])


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "approved"},
        {"status": "expired"},
        {"status": "approved", "decided_at": Now()},
        {"status": "pending", "decided_at": Now()},
    ],
)
async def test_no_row_says_what_nobody_decided(user: User, sandbox: HeldSandbox, broken: dict[str, object]) -> None:
    one = await rows(claimed, user)
    row = Approval(turn_id=one.turn.pk, n=1, call="c", tool="t", title="T", request="r")
    row.created_at = row.expires_at = one.turn.created_at

    def write() -> None:
        with transaction.atomic():
            insert([row])
            Approval.objects.filter(pk=row.pk).update(**broken)

    with pytest.raises(IntegrityError):
        await rows(write)
    await rows(turns.finish, one.lease, turns.Ending(status=Turn.Status.COMPLETED))
