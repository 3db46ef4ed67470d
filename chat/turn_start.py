"""What a claimed turn needs before its first call: agent, model, settings as they are now, and its context."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from agents import settings_resolution
from agents.availability import available_models
from agents.llm.errors import ConfigInvalid
from agents.llm.tools import ToolSet
from agents.models import LanguageModel
from agents.roster import agent_named
from chat import context, recall_reader
from chat.event_log import Event
from chat.models import Branch, Conversation, Message, Turn
from chat.turn_rows import Tip


@dataclass(frozen=True, kw_only=True)
class Start:
    event: Event
    user_id: uuid.UUID
    model: LanguageModel
    settings: dict[str, Any]
    context: context.TurnContext
    tools: ToolSet
    tip: Tip


def prepare(turn: Turn) -> Start:
    """Read everything that the turn runs with. ConfigInvalid where there is no model or agent to run it."""
    conversation = turn.conversation
    model, agent = choose_model(turn), agent_named(turn.agent)
    if agent is None:
        raise ConfigInvalid(f"There is no agent named {turn.agent!r}. Your message is kept; choose another agent.")
    effective = settings_resolution.effective(user=conversation.owner, model=model)
    branch = conversation.active_branch
    assert branch is not None, "a claimed turn is bound to a branch"
    loaded = context.load(branch=branch, agent=agent, model=model, values=effective.values)
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
    )


def _tip(question: Message, *, branch: Branch, loaded: context.TurnContext) -> Tip:
    """After the question; a regenerated answer grows on the new branch, not on its question's."""
    assert question.position is not None, "a claimed turn's question is in place"
    tokens = question.tokens_before + loaded.counts[str(question.pk)]
    return Tip(branch_id=branch.pk, position=question.position, message_id=question.pk, tokens=tokens)


def choose_model(turn: Turn) -> LanguageModel:
    """The model that the turn was asked to run on, else the first that is on offer."""
    if turn.model_id is not None:
        return LanguageModel.objects.select_related("provider", "pool").get(pk=turn.model_id)
    return default_model(turn.conversation)


def default_model(conversation: Conversation) -> LanguageModel:
    offered = available_models(conversation.owner)
    if not offered:
        raise ConfigInvalid("No model is switched on. Your message is kept; ask an admin to set up a provider.")
    return offered[0]
