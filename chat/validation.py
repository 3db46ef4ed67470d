"""Messages in quick succession to one model, and what became of them: the proof that limits hold, on anybody's own key.

The messages are sized by the token limit, so that some of the conversation must be left out before the last of them.
"""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import User
from accounts.refusals import TurnNotRunning
from agents.model_counter import counter_of, frame_tokens
from agents.models import LanguageModel, ModelCall
from agents.roster import DEFAULT_AGENT, default_agent
from agents.settings_resolution import effective
from agents.threads import in_thread
from chat import actions, context, engine
from chat.models import Conversation, Turn

FEWEST_MESSAGES, MOST_MESSAGES = 4, 20

_ASKED = "This is message {n} of {all}. Answer in one short sentence: which number does this message have?\n\n{filler}"
_SENTENCE = "The quick brown fox jumps over the lazy dog while the harbour master counts the boats of the day. "
_REPLY_GUESS = 150
_POLL = 0.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`texts` to send one after the other; `most_tokens` is what all calls may take together, input and output."""

    model: LanguageModel
    token_limit: int
    texts: tuple[str, ...]
    most_tokens: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Of all model calls that the run made, as the ledger has them: an iteration may take more than one."""

    calls: int
    rate_limited: int
    waited: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """One iteration, with the last model call that it took. `sent` of `limit` as we counted, `counted` as the provider
    did (None if it never said), in tokens; `waited` in seconds. `rate_limited`: how often the provider refused it
    because of a rate limit."""

    message: int
    call: int
    sent: int
    limit: int
    left_out: int
    counted: int | None
    cached: int
    output: int
    waited: float
    rate_limited: int
    status: str


def plan(model: LanguageModel, *, user: User, messages: int) -> Plan:
    """What would be sent to `model` for `user`: more than half as much again as the token limit has room for."""
    values = effective(user=user, model=model).values
    counter = counter_of(model)
    frame = frame_tokens(default_agent(), counter)
    room = values.token_limit - frame
    each = max(1, math.ceil(1.6 * room / messages) - _REPLY_GUESS)
    sentence = counter.text(_SENTENCE)
    filler = _SENTENCE * max(1, min(each, room // 2) // sentence)
    texts = tuple(_ASKED.format(n=n, all=messages, filler=filler) for n in range(1, messages + 1))
    size = counter.text(texts[0]) + _REPLY_GUESS
    inputs = (min(values.token_limit, frame + n * size) for n in range(1, messages + 1))
    return Plan(
        model=model, token_limit=values.token_limit, texts=texts, most_tokens=sum(inputs) + messages * _REPLY_GUESS
    )


async def run(
    plan: Plan, *, user: User, patience: timedelta, told: Callable[[Line], None]
) -> tuple[list[Line], Totals]:
    """Send everything at once, as somebody in a hurry would, and tell each iteration as its turn ends. Raises
    TimeoutError after `patience`, and what refuses a message; then no turn goes on."""
    began = timezone.now()
    await engine.ensure_started()
    turns: list[uuid.UUID] = []
    try:
        conversation = await in_thread(_conversation)(user, plan.model)
        for text in plan.texts:
            turns.append(await in_thread(_send)(user, conversation, text))
        lines: list[Line] = []
        async with asyncio.timeout(patience.total_seconds()):
            for number, turn in enumerate(turns, start=1):
                for line in await _ended(turn, number):
                    told(line)
                    lines.append(line)
        return lines, await in_thread(_totals)(user, began)
    finally:
        await in_thread(_stop)(user, turns)
        await engine.stop()


def _stop(user: User, turns: list[uuid.UUID]) -> None:
    """Those that have not ended, whatever process runs them."""
    for turn in turns:
        with suppress(TurnNotRunning):
            actions.stop(user=user, turn_id=turn)


def _totals(user: User, began: datetime) -> Totals:
    calls = ModelCall.objects.filter(user=user, created_at__gte=began)
    sums = calls.aggregate(
        calls=Count("pk"), refused=Sum("rate_limited", default=0), waited=Sum("waited_ms", default=0)
    )
    return Totals(calls=sums["calls"], rate_limited=sums["refused"], waited=sums["waited"] / 1000)


def _conversation(user: User, model: LanguageModel) -> Conversation:
    title = f"Validation of {model.name}"
    return Conversation.objects.create(owner=user, title=title, model=model, agent=DEFAULT_AGENT.slug)


def _send(user: User, conversation: Conversation, text: str) -> uuid.UUID:
    sent = actions.send(user=user, conversation_id=conversation.pk, client_message_id=uuid.uuid4().hex, text=text)
    return sent.turn.pk


async def _ended(turn: uuid.UUID, number: int) -> list[Line]:
    while True:
        lines = await in_thread(_lines)(turn, number)
        if lines is not None:
            return lines
        await asyncio.sleep(_POLL)


def _lines(turn_id: uuid.UUID, number: int) -> list[Line] | None:
    """None while the turn runs."""
    turn = Turn.objects.get(pk=turn_id)
    if turn.status not in Turn.ENDED:
        return None
    iterations = turn.iterations.select_related("model_call").order_by("n")
    status = turn.status if not turn.reason else f"{turn.status}: {turn.reason}"
    lines = [_line(number, status, n=one.n, receipt=one.receipt, call=one.model_call) for one in iterations]
    return lines or [_line(number, status, n=0, receipt={}, call=None)]


def _line(message: int, status: str, *, n: int, receipt: dict[str, Any], call: ModelCall | None) -> Line:
    told = context.summary(receipt) if receipt else {"tokens": 0, "limit": 0, "left_out": 0}
    return Line(
        message=message,
        call=n,
        sent=told["tokens"],
        limit=told["limit"],
        left_out=told["left_out"],
        counted=call.input_tokens if call else None,
        cached=(call.cache_read_tokens or 0) if call else 0,
        output=(call.output_tokens or 0) if call else 0,
        waited=(call.waited_ms if call else 0) / 1000,
        rate_limited=call.rate_limited if call else 0,
        status=status,
    )
