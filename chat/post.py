"""Accepting work: a message, a regeneration, an edit. One transaction each, harmless when repeated (`chat.once`).

Nothing here talks to a model, a socket or a worker. But a worker that has a free place can be named: it takes the turn
in the same transaction, if nothing is before it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db.models import CharField, DateTimeField, UUIDField
from django.utils import timezone

from accounts.models import User
from accounts.refusals import InvalidRequest, MessageTooLong, StaleParent
from agents.availability import check_agent
from agents.llm.messages import TextPart, parts_to_list
from agents.models import LanguageModel
from agents.prepared import Slot, Update, insert
from chat import branches, send_limits, turns
from chat.message_rows import text_of
from chat.models import Conversation, Message, Turn, TurnEvent
from chat.once import Accepted, once
from chat.own_rows import own_conversation, own_message
from chat.queues import Queue, queue_with_room
from chat.text_faults import fault_in
from chat.wire_event import WireEvent

TITLE_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What a message counts as, with what it was counted."""

    tokens: int
    encoding: str


Check = Callable[[Conversation], Weight | None]
"""Raises if a new message cannot be answered; else its weight, if that came out. Not asked about a repeat, whose answer
exists."""


def post_message(
    *,
    user: User,
    conversation_id: uuid.UUID,
    client_message_id: str,
    text: str,
    parent: uuid.UUID | None = None,
    check: Check | None = None,
    worker: str | None = None,
) -> Accepted:
    """Keep a user's message and queue the turn that answers it; `worker` takes it at once if nothing is before it.

    Raises InvalidRequest, MessageTooLong, NotFound, IdempotencyConflict, StaleParent (`parent` is given and no longer
    the newest message) or QueueFull.
    """
    _check_client_id(client_message_id)
    _check_text(text)
    new = _New(user=user, client_message_id=client_message_id, text=text)
    new.body_hash = _body_hash("send", conversation_id, text, parent)

    def check_first() -> None:
        if check is not None:
            new.weight = check(own_conversation(user, conversation_id))

    def write() -> Accepted:
        conversation = own_conversation(user, conversation_id, lock=True)
        queue = queue_with_room(conversation)
        if parent is not None:
            _check_newest(user, conversation, parent, queue=queue)
        message = _new_message(conversation, new)
        turn = _new_turn(conversation, message, queue=queue, requested_parent_id=parent)
        renamed = _entitle(conversation, text)
        accepted = _accepted(conversation, turn, message, queue=queue, renamed=renamed)
        if worker is None or queue.unended:
            return accepted
        return replace(accepted, claimed=turns.claim_new(turn, owner=worker))

    return once(user, client_message_id, body=new.body_hash, check=check_first, write=write)


def edit(
    *, user: User, message_id: uuid.UUID, client_message_id: str, text: str, check: Check | None = None
) -> Accepted:
    """A new sibling of a user's message, with another text, and the turn that answers it. The old branch stays."""
    _check_client_id(client_message_id)
    _check_text(text)
    new = _New(user=user, client_message_id=client_message_id, text=text)
    new.body_hash = _body_hash("edit", message_id, text)

    def check_first() -> None:
        if check is not None:
            new.weight = check(own_message(user, message_id).conversation)

    def write() -> Accepted:
        original = own_message(user, message_id, lock=True)
        if original.role != Message.Role.USER or original.position is None:
            raise InvalidRequest.of_fields({"message": "must be a message of yours that has been sent"})
        conversation = original.conversation
        queue = queue_with_room(conversation)
        message = _new_message(conversation, new)
        turn = _new_turn(conversation, message, queue=queue, requested_parent_id=original.parent_id, forks=True)
        return _accepted(conversation, turn, message, queue=queue)

    return once(user, client_message_id, body=new.body_hash, check=check_first, write=write)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Another model or agent for one regeneration; None keeps the conversation's."""

    model: LanguageModel | None = None
    agent: str | None = None


def regenerate(
    *,
    user: User,
    message_id: uuid.UUID,
    client_message_id: str,
    choice: Choice | None = None,
    check: Check | None = None,
) -> Accepted:
    """Answer a question again, beside the answer that is there. `message_id` is the answer or the question itself."""
    _check_client_id(client_message_id)
    choice = choice or Choice()
    fault = check_agent(choice.agent) if choice.agent is not None else None
    if fault:
        raise InvalidRequest.of_fields({"agent": fault})
    body = _body_hash("regenerate", message_id, choice.model and choice.model.pk, choice.agent)

    def check_first() -> None:
        if check is not None:
            check(own_message(user, message_id).conversation)

    def write() -> Accepted:
        named = own_message(user, message_id, lock=True)
        question = _question_of(named)
        conversation = named.conversation
        queue = queue_with_room(conversation)
        turn = _new_turn(conversation, question, queue=queue, forks=True, choice=choice)
        turn.client_message_id, turn.body_hash = client_message_id, body
        turn.regenerates = named if named.pk != question.pk else None
        turn.save(update_fields=["client_message_id", "body_hash", "regenerates"])
        return _accepted(conversation, turn, question, queue=queue)

    return once(user, client_message_id, body=body, check=check_first, write=write)


def _check_client_id(value: str) -> None:
    if not 1 <= len(value) <= send_limits.CLIENT_ID_CHARACTERS or fault_in(value):
        raise InvalidRequest.of_fields({"client_message_id": "must be 1 to 64 characters of plain text"})


def _check_text(text: str) -> None:
    if len(text) > send_limits.MESSAGE_CHARACTERS:
        raise MessageTooLong(
            f"The message has {len(text):,} characters; at most {send_limits.MESSAGE_CHARACTERS:,} can be sent. "
            "Nothing was sent and your text is kept; shorten it or send it in parts.",
            params={"characters": len(text), "limit": send_limits.MESSAGE_CHARACTERS},
        )
    fault = fault_in(text) or ("must not be empty" if not text.strip() else None)
    if fault:
        raise InvalidRequest.of_fields({"text": fault})


def _body_hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _question_of(message: Message) -> Message:
    question: Message | None = message
    if message.role != Message.Role.USER:
        question = message.turn.question if message.turn is not None else None
    if question is None or question.position is None:
        raise InvalidRequest.of_fields({"message": "must be a question that has been sent, or an answer to one"})
    return question


def _check_newest(user: User, conversation: Conversation, parent: uuid.UUID, *, queue: Queue) -> None:
    """StaleParent unless `parent` is the newest message and nothing is on its way after it."""
    leaf = _leaf(conversation)
    if queue.unended or leaf is None or leaf.pk != parent:
        own_message(user, parent)
        raise StaleParent("The conversation has moved on. Your text is kept; send it again to add it at the end.")


def _leaf(conversation: Conversation) -> Message | None:
    return branches.leaf_of(conversation.active_branch) if conversation.active_branch else None


@dataclass(kw_only=True)
class _New:
    """A message that is to be written."""

    user: User
    client_message_id: str
    text: str
    body_hash: str = ""
    weight: Weight | None = None


def _new_message(conversation: Conversation, new: _New) -> Message:
    message = Message(
        conversation=conversation,
        role=Message.Role.USER,
        author=new.user,
        client_message_id=new.client_message_id,
        body_hash=new.body_hash,
        parts=parts_to_list((TextPart(text=new.text),)),
    )
    if new.weight is not None:
        message.token_count, message.token_encoding = new.weight.tokens, new.weight.encoding
    insert([message])
    return message


def _new_turn(
    conversation: Conversation,
    question: Message,
    *,
    queue: Queue,
    requested_parent_id: uuid.UUID | None = None,
    forks: bool = False,
    choice: Choice | None = None,
) -> Turn:
    choice = choice or Choice()
    turn = Turn(
        conversation=conversation,
        number=queue.newest + 1,
        question=question,
        requested_parent_id=requested_parent_id,
        forks=forks,
        agent=choice.agent or conversation.agent,
        model_id=choice.model.pk if choice.model else conversation.model_id,
        seq=1,
    )
    insert([turn])
    return turn


def _entitle(conversation: Conversation, text: str) -> bool:
    """Name a conversation after its first message."""
    if conversation.title or conversation.title_is_custom:
        return False
    line = " ".join(text.split())
    conversation.title = line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"
    return True


_TOUCH = Update(
    lambda: Conversation.objects.filter(pk=Slot("conversation", UUIDField())),
    last_activity_at=Slot("now", DateTimeField()),
    title=Slot("title", CharField()),
)


def _accepted(
    conversation: Conversation, turn: Turn, message: Message, *, queue: Queue, renamed: bool = False
) -> Accepted:
    now = timezone.now()
    data = {"position": queue.queued, "question": str(message.pk), "text": text_of(message)}
    event = TurnEvent(turn=turn, seq=1, type="turn.queued", data=data, created_at=now)
    insert([event])
    conversation.last_activity_at = now
    _TOUCH.run(conversation=conversation.pk, now=now, title=conversation.title)
    events = [WireEvent.of(event, conversation=str(conversation.pk))]
    return Accepted(conversation=conversation, turn=turn, message=message, events=events, renamed=renamed)
