"""Accepting work: a message, a regeneration, an edit. One transaction each, harmless when repeated.

`client_message_id` makes a repeat harmless: the same id with the same body gets the same answer with `duplicate` set;
with another body it is an `IdempotencyConflict`. Nothing here talks to a model, a socket or a worker.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from accounts.refusals import (
    IdempotencyConflict,
    InvalidRequest,
    MessageTooLong,
    QueueFull,
    StaleParent,
)
from agents.llm.messages import TextPart, parts_to_list
from agents.models import LanguageModel
from agents.roster import agent_named
from chat import branches, send_limits
from chat.message_rows import text_of
from chat.models import Conversation, Message, Turn, TurnEvent
from chat.own_rows import own_conversation, own_message
from chat.text_faults import fault_in
from chat.wire_event import WireEvent

TITLE_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What was accepted. `events` are new in the log and not yet published; empty for a duplicate."""

    conversation: Conversation
    turn: Turn
    message: Message
    duplicate: bool = False
    events: list[WireEvent] = field(default_factory=list)
    renamed: bool = False


Check = Callable[[Conversation], None]
"""Raises if a new message cannot be answered. Not asked about a repeat, whose answer exists."""


def post_message(
    *,
    user: User,
    conversation_id: uuid.UUID,
    client_message_id: str,
    text: str,
    parent: uuid.UUID | None = None,
    check: Check | None = None,
) -> Accepted:
    """Keep a user's message and queue the turn that answers it.

    Raises InvalidRequest, MessageTooLong, NotFound, IdempotencyConflict, StaleParent (`parent` is given and no longer
    the newest message) or QueueFull.
    """
    _check_client_id(client_message_id)
    _check_text(text)
    body = _body_hash("send", conversation_id, text, parent)

    def check_first() -> None:
        if check is not None:
            check(own_conversation(user, conversation_id))

    def write() -> Accepted:
        conversation = own_conversation(user, conversation_id, lock=True)
        _check_queue(conversation)
        if parent is not None:
            _check_newest(user, conversation, parent)
        message = _new_message(conversation, user, client_message_id=client_message_id, body=body, text=text)
        turn = _new_turn(conversation, message, requested_parent_id=parent)
        renamed = _entitle(conversation, text)
        return _accepted(conversation, turn, message, renamed=renamed)

    return _once(user, client_message_id, body=body, check=check_first, write=write)


def edit(
    *, user: User, message_id: uuid.UUID, client_message_id: str, text: str, check: Check | None = None
) -> Accepted:
    """A new sibling of a user's message, with another text, and the turn that answers it. The old branch stays."""
    _check_client_id(client_message_id)
    _check_text(text)
    body = _body_hash("edit", message_id, text)

    def check_first() -> None:
        if check is not None:
            check(own_message(user, message_id).conversation)

    def write() -> Accepted:
        original = own_message(user, message_id, lock=True)
        if original.role != Message.Role.USER or original.position is None:
            raise InvalidRequest.of_fields({"message": "must be a message of yours that has been sent"})
        conversation = original.conversation
        _check_queue(conversation)
        message = _new_message(conversation, user, client_message_id=client_message_id, body=body, text=text)
        turn = _new_turn(conversation, message, requested_parent_id=original.parent_id, forks=True)
        return _accepted(conversation, turn, message)

    return _once(user, client_message_id, body=body, check=check_first, write=write)


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
    if choice.agent is not None and agent_named(choice.agent) is None:
        raise InvalidRequest.of_fields({"agent": "is not known"})
    body = _body_hash("regenerate", message_id, choice.model and choice.model.pk, choice.agent)

    def check_first() -> None:
        if check is not None:
            check(own_message(user, message_id).conversation)

    def write() -> Accepted:
        named = own_message(user, message_id, lock=True)
        question = _question_of(named)
        conversation = named.conversation
        _check_queue(conversation)
        turn = _new_turn(conversation, question, forks=True, choice=choice)
        turn.client_message_id, turn.body_hash = client_message_id, body
        turn.regenerates = named if named.pk != question.pk else None
        turn.save(update_fields=["client_message_id", "body_hash", "regenerates"])
        return _accepted(conversation, turn, question)

    return _once(user, client_message_id, body=body, check=check_first, write=write)


def _once(
    user: User, client_message_id: str, *, body: str, check: Callable[[], None], write: Callable[[], Accepted]
) -> Accepted:
    """`write()`, unless it was done before. Two at once meet at the unique constraint; the loser looks again.

    `check()` comes before the transaction: to count a long text takes a while, and everybody else would wait.
    """
    for attempt in (1, 2, 3):
        before = _done_before(user, client_message_id, body)
        if before is not None:
            return before
        if attempt == 1:
            check()
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            if attempt == 3:
                raise
    raise AssertionError("unreachable")


def _done_before(user: User, client_message_id: str, body: str) -> Accepted | None:
    message = Message.objects.filter(author=user, client_message_id=client_message_id).first()
    if message is not None:
        turn, kept = message.answering_turns.order_by("number")[0], message.body_hash
    else:
        regenerated = Turn.objects.filter(conversation__owner=user, client_message_id=client_message_id).first()
        if regenerated is None:
            return None
        turn, kept = regenerated, regenerated.body_hash
    if kept != body:
        raise IdempotencyConflict(
            "This client_message_id was used for something else. Nothing was sent; use a new id for a new message."
        )
    return Accepted(conversation=turn.conversation, turn=turn, message=turn.question, duplicate=True)


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


def _busy(conversation: Conversation) -> bool:
    return conversation.turns.exclude(status__in=Turn.ENDED).exists()


def _check_queue(conversation: Conversation) -> None:
    # The first of them is the one that runs, even if no worker has taken it yet.
    waiting = conversation.turns.exclude(status__in=Turn.ENDED).count() - 1
    if waiting >= send_limits.QUEUED_TURNS:
        raise QueueFull(
            f"{waiting} messages wait for their turn in this conversation already. Nothing was sent and your text is "
            "kept; send it when one of them is done.",
            params={"queued": waiting},
            retryable=True,
        )


def _check_newest(user: User, conversation: Conversation, parent: uuid.UUID) -> None:
    """StaleParent unless `parent` is the newest message and nothing is on its way after it."""
    leaf = _leaf(conversation)
    if _busy(conversation) or leaf is None or leaf.pk != parent:
        own_message(user, parent)
        raise StaleParent("The conversation has moved on. Your text is kept; send it again to add it at the end.")


def _leaf(conversation: Conversation) -> Message | None:
    return branches.leaf_of(conversation.active_branch) if conversation.active_branch else None


def _new_message(conversation: Conversation, user: User, *, client_message_id: str, body: str, text: str) -> Message:
    return Message.objects.create(
        conversation=conversation,
        role=Message.Role.USER,
        author=user,
        client_message_id=client_message_id,
        body_hash=body,
        parts=parts_to_list((TextPart(text=text),)),
    )


def _new_turn(
    conversation: Conversation,
    question: Message,
    *,
    requested_parent_id: uuid.UUID | None = None,
    forks: bool = False,
    choice: Choice | None = None,
) -> Turn:
    choice = choice or Choice()
    newest = conversation.turns.aggregate(number=Max("number"))["number"] or 0
    return Turn.objects.create(
        conversation=conversation,
        number=newest + 1,
        question=question,
        requested_parent_id=requested_parent_id,
        forks=forks,
        agent=choice.agent or conversation.agent,
        model=choice.model or conversation.model,
        seq=1,
    )


def _entitle(conversation: Conversation, text: str) -> bool:
    """Name a conversation after its first message."""
    if conversation.title or conversation.title_is_custom:
        return False
    line = " ".join(text.split())
    conversation.title = line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"
    return True


def _accepted(conversation: Conversation, turn: Turn, message: Message, *, renamed: bool = False) -> Accepted:
    now = timezone.now()
    ahead = conversation.turns.filter(status=Turn.Status.QUEUED, number__lt=turn.number).count()
    data = {"position": ahead, "question": str(message.pk), "text": text_of(message)}
    event = TurnEvent.objects.create(turn=turn, seq=1, type="turn.queued", data=data, created_at=now)
    conversation.last_activity_at = now
    conversation.save(update_fields=["last_activity_at", "title"])
    events = [WireEvent.of(event, conversation=str(conversation.pk))]
    return Accepted(conversation=conversation, turn=turn, message=message, events=events, renamed=renamed)
