"""A user's own conversations and messages by id. Another user's row is not there: NotFound for everyone."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet, UUIDField

from accounts.models import User
from accounts.refusals import NotFound
from agents.prepared import Select, Slot
from chat.models import Conversation, Message


def _own() -> QuerySet[Conversation]:
    mine = {"pk": Slot("conversation", UUIDField()), "owner": Slot("owner", UUIDField())}
    return Conversation.objects.select_related("active_branch").filter(**mine)


_OWN = Select(lambda: _own().select_related("active_branch", "model__provider", "model__pool"))
# Not against rows that only refer to it: the flusher adds such rows for all turns at once.
_OWN_LOCKED = Select(lambda: _own().select_for_update(of=("self",), no_key=True))


def own_conversation(user: User, conversation_id: uuid.UUID, *, lock: bool = False) -> Conversation:
    """With its branch and (unless it is locked) its model.

    `lock`, inside a transaction: numbers and queue places of the conversation are given out one at a time.
    """
    found = (_OWN_LOCKED if lock else _OWN).first(conversation=conversation_id, owner=user.pk)
    if found is None:
        raise NotFound("There is no such conversation.")
    found.owner = user
    return found


def own_message(user: User, message_id: uuid.UUID, *, lock: bool = False) -> Message:
    """The message with its conversation; `lock` locks that."""
    found = Message.objects.select_related("turn__question").filter(pk=message_id, conversation__owner=user).first()
    if found is None:
        raise NotFound("There is no such message.")
    found.conversation = own_conversation(user, found.conversation_id, lock=lock)
    return found
