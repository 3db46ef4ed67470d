"""Turns that ask their owner to allow a refund in the sandbox's company."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from agents.llm.consent import ConsentRequest
from agents.llm.messages import ToolCall
from agents.sandbox.app import SandboxApp
from chat import approvals
from chat.models import Approval, Conversation, Message, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.stage import PATIENCE, Person, rows
from tests.chat.tab import Frame, Tab

AGENT = "api-correlator"


def words(order: str = "ORD-10014", *, before: str = "") -> str:
    """What has the sandbox's model ask for a refund of `order`."""
    return f"{before} post company /company/refunds {json.dumps({'order': order, 'amount_cents': 500})}".strip()


def handed_on(order: str) -> str:
    """What has the sandbox's Smart Agent hand on the task to ask for that refund."""
    return f"call delegate {json.dumps({'agent': AGENT, 'task': words(order)})}"


def shown(order: str = "ORD-10014") -> str:
    """The exact request, as the owner sees it."""
    body = json.dumps({"order": order, "amount_cents": 500}, indent=2)
    return f"POST http://sandbox/company/refunds\nContent-Type: application/json\n\n{body}"


def refunds(sandbox: SandboxApp, order: str) -> int:
    return sum(row["order"] == order for row in sandbox.company.refunds.made)


async def talk(person: Person, tab: Tab, *, agent: str = AGENT, **more: Any) -> Conversation:
    conversation = await person.conversation(agent=agent, **more)
    await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
    return conversation


async def asked(tab: Tab, conversation: Conversation, text: str) -> tuple[str, Frame]:
    """The id of a turn that waits for its owner, and the event that asks."""
    turn = str((await tab.send(conversation.pk, text, key=uuid4().hex))["turn"])
    return turn, await tab.seen(turn, "tool.approval")


def asking_turn(user: User, text: str, **more: Any) -> Turn:
    """Queued, for a worker without a server."""
    return queued(user, text, conversation=conversation_of(user, agent=AGENT, **more)).turn


def asking_row(conversation: Conversation) -> Approval:
    """Of a turn that asks, and that no worker runs."""
    soon = timezone.now() + timedelta(minutes=5)
    question = Message.objects.create(conversation=conversation, role="user")
    more = {"number": 1, "agent": AGENT, "lease_owner": "elsewhere", "lease_until": soon}
    return asking(Turn.objects.create(conversation=conversation, question=question, status="running", **more))


def asking(turn: Turn) -> Approval:
    """What `turn` asks."""
    call = ToolCall(id="c", name="call_source", arguments="")
    request = ConsentRequest(title="POST to Shop", request="POST https://shop.example/orders")
    row = approvals.asked(turn_id=turn.pk, n=1, call=call, request=request)
    row.save(force_insert=True)
    return row


async def pending(turn: Turn) -> Approval:
    """Its approval, once it asks."""
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await rows(Approval.objects.filter(turn=turn, status="pending").first)
            if row is not None:
                return row
            await asyncio.sleep(0.01)
