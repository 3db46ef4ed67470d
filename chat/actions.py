"""What a person can do in a chat, as every transport does it: write the row, then tell this process's engine.

Plain functions for a thread. The socket and the REST API call these and nothing deeper, so that both refuse alike.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass

from accounts.models import User
from accounts.refusals import InvalidRequest
from agents import registry, settings_resolution
from agents.availability import find_model, usable_agent
from agents.llm.errors import LLMError
from agents.models import LanguageModel
from agents.roster import equipped
from chat import approvals, context, engine, post, turn_start, turns
from chat.models import Approval, Conversation, Turn
from chat.once import Accepted
from chat.post import Choice, Weight
from chat.turn_start import Chosen, Start, default_model

logger = logging.getLogger(__name__)


def send(
    *, user: User, conversation_id: uuid.UUID, client_message_id: str, text: str, parent: uuid.UUID | None = None
) -> Accepted:
    """Keep a message and queue its turn. Besides what `post_message` raises: ConfigInvalid, ContextImpossible."""
    ready = _Ready(text)
    with engine.held_place() as place:
        accepted = post.post_message(
            user=user,
            conversation_id=conversation_id,
            client_message_id=client_message_id,
            text=text,
            parent=parent,
            check=ready.check,
            worker=place.owner if place else None,
        )
        if place is not None and accepted.claimed is not None:
            place.begin(accepted.claimed, _prepared(accepted.claimed.turn, ready.chosen))
        return _announce(accepted)


def _prepared(turn: Turn, chosen: Chosen | None) -> Start | None:
    """In this thread, since its turn begins at once. What goes wrong is told by the turn, which tries it again."""
    try:
        return turn_start.prepare(turn, chosen=chosen)
    except LLMError:
        return None
    except Exception:
        logger.exception("turn %s could not be prepared at once; it is tried again where it runs", turn.pk)
        return None


def edit(*, user: User, message_id: uuid.UUID, client_message_id: str, text: str) -> Accepted:
    accepted = post.edit(
        user=user,
        message_id=message_id,
        client_message_id=client_message_id,
        text=text,
        check=_Ready(text).check,
    )
    return _announce(accepted)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Another provider, model or agent for one answer; None keeps what the conversation has."""

    provider: str | None = None
    model: str | None = None
    agent: str | None = None


def regenerate(*, user: User, message_id: uuid.UUID, client_message_id: str, wish: Wish | None = None) -> Accepted:
    wish = wish or Wish()
    if (wish.provider is None) != (wish.model is None):
        raise InvalidRequest.of_fields({"model": "must come together with its provider"})
    model = None
    if wish.provider is not None and wish.model is not None:
        model = find_model(provider=wish.provider, model_id=wish.model)
    accepted = post.regenerate(
        user=user,
        message_id=message_id,
        client_message_id=client_message_id,
        choice=Choice(model=model, agent=wish.agent),
        check=lambda conversation: _check_regenerable(conversation, model=model, agent=wish.agent),
    )
    return _announce(accepted)


def _check_regenerable(conversation: Conversation, *, model: LanguageModel | None, agent: str | None) -> None:
    registry.check_callable(model or _model_of(conversation))
    usable_agent(agent or conversation.agent)


def stop(*, user: User, turn_id: uuid.UUID) -> Turn:
    stopping = turns.request_stop(user=user, turn_id=turn_id)
    if stopping.ended:
        engine.notify(stopping.events)
    else:
        engine.stop_turn(turn_id)
    return stopping.turn


def shorten(*, user: User, turn_id: uuid.UUID) -> Turn:
    turn = turns.request_shorter(user=user, turn_id=turn_id)
    engine.shorten_turn(turn_id)
    return turn


def decide(*, user: User, turn_id: uuid.UUID, approval_id: uuid.UUID, approved: bool) -> Approval:
    row = approvals.decide(user=user, turn_id=turn_id, approval_id=approval_id, approved=approved)
    engine.tell_decided(approval_id)
    return row


def _announce(accepted: Accepted) -> Accepted:
    engine.notify(accepted.events, to_claim=accepted.claimed is None)
    if accepted.renamed:
        engine.news(user=accepted.conversation.owner_id, kind="renamed", conversation=accepted.conversation.pk)
    return accepted


class _Ready:
    """What a message will be answered by, once that is known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.chosen: Chosen | None = None

    def check(self, conversation: Conversation) -> Weight:
        """Refuse now what could not be sent later, while the text is still in the sender's hands."""
        model = _model_of(conversation)
        registry.check_callable(model)
        agent = equipped(usable_agent(conversation.agent))
        effective = settings_resolution.effective(user=conversation.owner, model=model)
        tokens = context.check_fits(
            agent=agent,
            model=model,
            values=effective.values,
            text=self._text,
            calibrations=conversation.calibrations,
        )
        self.chosen = Chosen(model=model, agent=agent, effective=effective)
        return Weight(tokens=tokens, encoding=context.counter_of(model).name)


def _model_of(conversation: Conversation) -> LanguageModel:
    return conversation.model or default_model(conversation)
