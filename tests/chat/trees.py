"""Whether what is left in the database after anything at all makes sense."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import Branch, Conversation, Message, Turn, TurnEvent


def assert_whole(conversation: Conversation) -> None:
    """Every branch runs on from its fork, every message hangs where it stands, every turn has ended once."""
    for branch in Branch.objects.filter(conversation=conversation).select_related("parent"):
        _check_branch(branch)
    for message in Message.objects.filter(conversation=conversation, position__isnull=True):
        assert (message.branch_id, message.parent_id) == (None, None)
    conversation.refresh_from_db()
    if Message.objects.filter(conversation=conversation, position__isnull=False).exists():
        assert conversation.active_branch is not None
        assert conversation.active_branch.conversation_id == conversation.pk
    for turn in Turn.objects.filter(conversation=conversation):
        check_log(turn)


def _check_branch(branch: Branch) -> None:
    messages = list(Message.objects.filter(branch=branch).order_by("position"))
    first = branch.fork_position + 1
    assert [message.position for message in messages] == list(range(first, first + len(messages)))
    before = _at(branch.parent, branch.fork_position)
    for message in messages:
        assert message.parent_id == (before.pk if before else None)
        assert message.conversation_id == branch.conversation_id
        before = message


def _at(branch: Branch | None, position: int) -> Message | None:
    """The message at this position of the branch's path."""
    while branch is not None and position <= branch.fork_position:
        branch = branch.parent
    return None if branch is None or position < 0 else Message.objects.get(branch=branch, position=position)


def check_log(turn: Turn) -> None:
    assert turn.status in Turn.ENDED, turn
    log = list(TurnEvent.objects.filter(turn=turn).order_by("seq"))
    assert [event.seq for event in log] == list(range(1, turn.seq + 1))
    assert [event.type for event in log].count("turn.ended") == 1
    assert (log[-1].type, log[-1].data["status"]) == ("turn.ended", turn.status)
    said = "".join(event.data["text"] for event in log if event.type == "delta")
    assert texts(Message.objects.filter(turn=turn, role="assistant").order_by("position")) == said


def texts(messages: Iterable[Message]) -> str:
    return "".join(part["text"] for message in messages for part in message.parts if part["kind"] == "text")
