"""A user's own conversations and messages by id. Another user's row is not there: NotFound for everyone."""

from __future__ import annotations

import uuid

from accounts.models import User
from accounts.refusals import NotFound
from chat.models import Conversation, Message


def own_conversation(user: User, conversation_id: uuid.UUID, *, lock: bool = False) -> Conversation:
    """`lock`, inside a transaction: numbers and queue places of the conversation are given out one at a time."""
    rows = Conversation.objects.select_related("owner", "active_branch", "model__provider")
    if lock:
        # Not against rows that only refer to it: the flusher adds such rows for all turns at once.
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=conversation_id, owner=user).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def own_message(user: User, message_id: uuid.UUID, *, lock: bool = False) -> Message:
    """The message with its conversation; `lock` locks that."""
    found = Message.objects.select_related("turn__question").filter(pk=message_id, conversation__owner=user).first()
    if found is None:
        raise NotFound("There is no such message.")
    found.conversation = own_conversation(user, found.conversation_id, lock=lock)
    return found
