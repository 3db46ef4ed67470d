"""Where a claimed turn continues: its branch, and its question's parent and position in the tree."""

from __future__ import annotations

from django.db.models import BigIntegerField, IntegerField, UUIDField

from agents.prepared import Slot, Update
from chat import branches
from chat.models import Branch, Conversation, Message, Turn


def bind(turn: Turn) -> None:
    """Give the turn its place: the branch that it continues, and its question's parent and position."""
    conversation, question = turn.conversation, turn.question
    if turn.forks:
        after = question if question.position is not None else turn.requested_parent
        branch = _branch_after(conversation, after)
    else:
        branch = conversation.active_branch or branches.fork_after(None, conversation_id=conversation.pk)
    if conversation.active_branch_id != branch.pk:
        conversation.active_branch = branch
        conversation.save(update_fields=["active_branch"])
    if question.position is None:
        leaf = branches.leaf_of(branch)
        question.branch, question.parent, question.turn = branch, leaf, turn
        question.position = 0 if leaf is None or leaf.position is None else leaf.position + 1
        question.tokens_before = 0 if leaf is None else leaf.tokens_before + (leaf.token_count or 0)
        _PLACE.run(
            question=question.pk,
            branch=branch.pk,
            parent=question.parent_id,
            turn=turn.pk,
            position=question.position,
            tokens_before=question.tokens_before,
        )


_PLACE = Update(
    lambda: Message.objects.filter(pk=Slot("question", UUIDField())),
    branch=Slot("branch", BigIntegerField()),
    parent=Slot("parent", UUIDField()),
    turn=Slot("turn", UUIDField()),
    position=Slot("position", IntegerField()),
    tokens_before=Slot("tokens_before", BigIntegerField()),
)


def _branch_after(conversation: Conversation, message: Message | None) -> Branch:
    """Where an answer after `message` goes: the active branch if it ends there, else a new one."""
    active = conversation.active_branch
    if active is not None and message is not None:
        leaf = branches.leaf_of(active)
        if leaf is not None and leaf.pk == message.pk:
            return active
    return branches.fork_after(message, conversation_id=conversation.pk)
