"""What it would come to if a turn that waits for its rate pool had less of the conversation sent.

The context of its call is loaded from the rows as it was built, and refitted as the governor does it once the owner
asks (`agents.governor.call`): what is told here is what is sent then.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.refusals import NotFound, TurnNotWaiting
from agents.effective_settings import values_of
from agents.governor.peek import peek
from agents.governor.sooner import seconds_sooner
from agents.llm.errors import ContextImpossible
from agents.llm.providers.base import ModelRequest
from agents.models import LanguageModel
from agents.pool_limits import pool_of
from agents.roster import Agent, agent_named, equipped
from chat import context, delegated_context, turn_start, turns
from chat.delegated_run import PURPOSE
from chat.models import DelegatedRun, Iteration, Turn


@dataclass(frozen=True, kw_only=True)
class Shorter:
    """Input tokens of the call that waits and of what would be sent instead, the messages that this leaves out besides,
    and about how many seconds sooner it would be sent: None where nothing tells."""

    tokens: int
    shorter_tokens: int
    left_out: int
    sooner_seconds: int | None


def preview(*, user: User, turn_id: uuid.UUID) -> Shorter:
    """NotFound; TurnNotRunning, TurnNotWaiting. Nothing is changed."""
    turn = (
        Turn.objects.select_related("conversation__active_branch", "model__provider", "model__pool")
        .filter(pk=turn_id, conversation__owner=user)
        .first()
    )
    if turn is None:
        raise NotFound("There is no such turn.")
    turns.check_waiting(turn)
    agent = agent_named(turn.agent)
    if turn.model is None or agent is None:
        raise TurnNotWaiting("The model or the agent of this turn was removed, so nothing can be told of its call.")
    # What waits was built and announced before.
    iteration = Iteration.objects.filter(turn=turn).select_related("run").latest("n")
    if iteration.run is None:
        loaded = _as_built(turn, model=turn.model, agent=equipped(agent))
        return _shorter(loaded, receipt=iteration.receipt, purpose="chat")
    return _shorter(_delegated(turn, iteration.run, model=turn.model), receipt=iteration.receipt, purpose=PURPOSE)


def _shorter(loaded: context.TurnContext, *, receipt: dict[str, Any], purpose: str) -> Shorter:
    request = loaded.build(is_last=False).request
    instead = _refitted(request)
    assert loaded.built is not None, "it has just been built"
    then = context.summary(turn_start.receipt_of(loaded.built, call=receipt["call"]))
    pool = pool_of(loaded.model)
    sooner = seconds_sooner(
        pool,
        peek(pool.key),
        lease=receipt["call"],
        instead=instead,
        purpose=purpose,
        now=time.time(),
    )
    return Shorter(
        tokens=request.counts.total,
        shorter_tokens=instead.counts.total,
        left_out=then["left_out"] - context.summary(receipt)["left_out"],
        sooner_seconds=None if sooner is None else round(sooner),
    )


def _delegated(turn: Turn, run: DelegatedRun, *, model: LanguageModel) -> context.TurnContext:
    agent = agent_named(run.agent)
    if agent is None:
        raise TurnNotWaiting("The agent that the task was handed to was removed, so nothing can be told of its call.")
    return delegated_context.restored(run, turn=turn, model=model, agent=equipped(agent))


def _as_built(turn: Turn, *, model: LanguageModel, agent: Agent) -> context.TurnContext:
    """As the turn has it: with the settings and at the time of its claim, and the window of its newest call."""
    branch = turn.conversation.active_branch
    assert branch is not None, "a claimed turn is bound to a branch"
    return context.load(
        branch=branch,
        agent=agent,
        model=model,
        values=values_of(turn.settings),
        calibrations=turn.conversation.calibrations,
        now=turn.started_at,
    )


def _refitted(request: ModelRequest) -> ModelRequest:
    """`request` itself where nothing smaller can be sent."""
    assert request.refit is not None, "a context can always be refitted"
    try:
        return request.refit(request.counts.total, True)
    except ContextImpossible:
        return request
