"""What a claimed turn needs before its first call: agent, model, settings as they are now, and its context."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from agents import settings_resolution
from agents.availability import available_models, usable_agent
from agents.effective_settings import EffectiveSettings
from agents.llm.errors import ConfigInvalid, ContextImpossible
from agents.llm.limiter import LimitedContext
from agents.llm.providers.base import ModelRequest
from agents.llm.tools import ToolSet
from agents.models import LanguageModel
from agents.roster import Agent, equipped
from chat import context, recall_reader
from chat.event_log import Event
from chat.models import Branch, Conversation, Message, Turn
from chat.turn_rows import Tip


@dataclass(frozen=True, kw_only=True)
class Announced:
    """A request that is ready, with the receipt that tells what it carries."""

    request: ModelRequest
    receipt: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Start:
    event: Event
    user_id: uuid.UUID
    model: LanguageModel
    settings: dict[str, Any]
    context: context.TurnContext
    tools: ToolSet
    tip: Tip
    first: Announced | ContextImpossible
    """Built in the same thread, since it is needed at once."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What answers: a model (its provider and pool loaded), an agent, and the settings that are in force for them."""

    model: LanguageModel
    agent: Agent
    effective: EffectiveSettings

    def is_for(self, turn: Turn) -> bool:
        return turn.model_id in (None, self.model.pk) and turn.agent == self.agent.slug


def choose(turn: Turn) -> Chosen:
    """As things are now. ConfigInvalid where there is no model or agent to run the turn."""
    model, agent = choose_model(turn), usable_agent(turn.agent)
    effective = settings_resolution.effective(user=turn.conversation.owner, model=model)
    return Chosen(model=model, agent=equipped(agent), effective=effective)


def prepare(turn: Turn, *, chosen: Chosen | None = None) -> Start:
    """Read everything that the turn runs with. `chosen` is used if it is just as old as the claim, and for this turn.

    ConfigInvalid where there is no model or agent to run it.
    """
    if chosen is None or not chosen.is_for(turn):
        chosen = choose(turn)
    conversation, model, agent, effective = turn.conversation, chosen.model, chosen.agent, chosen.effective
    branch = conversation.active_branch
    assert branch is not None, "a claimed turn is bound to a branch"
    loaded = context.load(
        branch=branch,
        agent=agent,
        model=model,
        values=effective.values,
        calibrations=conversation.calibrations,
    )
    started = {
        "agent": agent.slug,
        "provider": model.provider.slug,
        "model": model.model_id,
        "question": str(turn.question_id),
    }
    return Start(
        event=("turn.started", started),
        user_id=conversation.owner_id,
        model=model,
        settings=effective.as_dict(),
        context=loaded,
        tools=recall_reader.bound_tools(loaded, conversation=conversation),
        tip=_tip(turn.question, branch=branch, loaded=loaded),
        first=_first(loaded),
    )


def _first(loaded: context.TurnContext) -> Announced | ContextImpossible:
    try:
        return build(loaded, is_last=loaded.values.max_iterations == 1)
    except ContextImpossible as error:
        return error


def build(loaded: context.TurnContext, *, is_last: bool) -> Announced:
    """The next call. ContextImpossible where the question cannot fit."""
    built = loaded.build(is_last=is_last)
    return Announced(request=built.request, receipt=receipt_of(built.limited, call=built.request.call_id))


def receipt_of(limited: LimitedContext, *, call: str, **more: int) -> dict[str, Any]:
    """As it is stored with the iteration whose call it describes."""
    return limited.receipt.to_dict() | {"boundary": limited.window.boundary, "call": call, **more}


def sent_otherwise(announced: Announced, limited: LimitedContext, *, call: str, reply_cap: int) -> dict[str, Any]:
    """The receipt of a call that is sent in another form than `announced`: `built_tokens` is the input that it had
    then, where less is sent, `reply_cap` the cap of the reply, where that was lowered. Its limit stays what it was."""
    more: dict[str, int] = {}
    if limited.counts.total < announced.request.counts.total:
        more["built_tokens"] = announced.request.counts.total
    if reply_cap < announced.request.max_output_tokens:
        more["reply_cap"] = reply_cap
    receipt = replace(limited.receipt, limit=announced.receipt["limit"])
    return receipt_of(replace(limited, receipt=receipt), call=call, **more)


def _tip(question: Message, *, branch: Branch, loaded: context.TurnContext) -> Tip:
    """After the question; a regenerated answer grows on the new branch, not on its question's."""
    assert question.position is not None, "a claimed turn's question is in place"
    tokens = question.tokens_before + loaded.counts[str(question.pk)]
    return Tip(branch_id=branch.pk, position=question.position, message_id=question.pk, tokens=tokens)


def choose_model(turn: Turn) -> LanguageModel:
    """The model that the turn was asked to run on, else the first that is on offer."""
    if turn.model_id is not None:
        if turn.model_id == turn.conversation.model_id and turn.conversation.model is not None:
            return turn.conversation.model
        return LanguageModel.objects.select_related("provider", "pool").get(pk=turn.model_id)
    return default_model(turn.conversation)


def default_model(conversation: Conversation) -> LanguageModel:
    offered = available_models(conversation.owner)
    if not offered:
        raise ConfigInvalid("No model is switched on. Your message is kept; ask an admin to set up a provider.")
    return offered[0]
