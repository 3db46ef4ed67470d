"""Decisions that race: of one's own tabs with each other, and with the end of the turn."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from accounts.models import AuditEntry, User
from chat import approvals, reaper
from chat.models import Approval, Turn
from tests.chat.made import claimed
from tests.chat.refunding import asking
from tests.chat.stage import HeldSandbox, rows

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_postgres]


async def test_of_many_decisions_at_once_one_holds(user: User, sandbox: HeldSandbox) -> None:
    for _ in range(10):
        row = await rows(asking, (await rows(claimed, user)).turn)
        decide = partial(approvals.decide, user=user, turn_id=row.turn_id, approval_id=row.pk)
        wishes = [n % 2 == 0 for n in range(6)]
        answers = await asyncio.gather(*(rows(decide, approved=wish) for wish in wishes), return_exceptions=True)
        [won] = [answer for answer in answers if isinstance(answer, Approval)]
        assert (await rows(Approval.objects.get, pk=row.pk)).status == won.status
        assert await rows(AuditEntry.objects.filter(target_id=str(row.pk)).count) == 1
        await rows(reaper.reap, row.turn_id)


async def test_a_decision_and_the_end_of_its_turn_agree(user: User, sandbox: HeldSandbox) -> None:
    for _ in range(10):
        row = await rows(asking, (await rows(claimed, user)).turn)
        decide = partial(approvals.decide, user=user, turn_id=row.turn_id, approval_id=row.pk, approved=True)
        answer, _ = await asyncio.gather(rows(decide), rows(reaper.reap, row.turn_id), return_exceptions=True)
        now = await rows(Approval.objects.get, pk=row.pk)
        assert now.status == ("approved" if isinstance(answer, Approval) else "expired")
        assert (await rows(Turn.objects.get, pk=row.turn_id)).status == "interrupted"
