"""What a reader is shown of a conversation: its messages as REST and the page give them, and the state of its turns."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.moments import rfc3339
from accounts.refusals import InvalidRequest, NotFound
from agents import settings_resolution
from agents.availability import available_models
from agents.retirement import retirement_notice
from agents.roster import offered
from chat import branches, conversations, ended_turns, event_log, send_limits, turn_state
from chat.message_rows import text_of
from chat.models import Branch, Conversation, Iteration, Message, Turn

PAGE_MESSAGES = 200
SHOWN_RESULT_CHARACTERS = 4_000

Item = dict[str, Any]


def message_page(
    conversation: Conversation, *, cursor: str | None = None, limit: int = 50, leaf: uuid.UUID | None = None
) -> tuple[list[Item], str | None]:
    """Messages along a branch, oldest first, and the cursor of the page after it.

    A cursor that begins with "before:" pages backwards: the messages just before it, still oldest first.
    """
    branch = _branch_of(conversation, leaf)
    if branch is None:
        return [], None
    direction, position = _read_cursor(cursor)
    path = branches.on_path(branch).select_related("turn")
    if direction == "before":
        found = list(path.filter(position__lt=position).order_by("-position")[: limit + 1])
        rows = found[:limit][::-1]
    else:
        found = list(path.filter(position__gt=position).order_by("position")[: limit + 1])
        rows = found[:limit]
    if len(found) <= limit:
        return message_items(rows), None
    edge = rows[0] if direction == "before" else rows[-1]
    return message_items(rows), f"{direction}:{edge.position}"


def _read_cursor(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return "after", -1
    direction, _, position = cursor.partition(":")
    if direction not in ("before", "after") or not position.isascii() or not position.isdigit() or len(position) > 9:
        raise InvalidRequest.of_fields({"cursor": "must be the next_cursor of an earlier page"})
    return direction, int(position)


def _branch_of(conversation: Conversation, leaf: uuid.UUID | None) -> Branch | None:
    if leaf is None:
        return conversation.active_branch
    message = Message.objects.filter(pk=leaf, conversation=conversation, branch__isnull=False).first()
    if message is None:
        raise NotFound("There is no such message in this conversation.")
    return branches.branch_holding(message)


def message_items(rows: Sequence[Message]) -> list[Item]:
    siblings, usage = _siblings(rows), _usage(rows)
    return [
        {
            "id": str(row.pk),
            "role": row.role,
            "parent": str(row.parent_id) if row.parent_id else None,
            "turn": str(row.turn_id) if row.turn_id else None,
            "text": text_of(row),
            "parts": row.parts,
            "siblings": siblings[row.pk],
            "usage": usage.get(row.pk),
            "created_at": rfc3339(row.created_at),
        }
        for row in rows
    ]


def _siblings(rows: Sequence[Message]) -> dict[uuid.UUID, Item]:
    """For each row its place among the messages of its role that have its parent."""
    if not rows:
        return {}
    conversation = rows[0].conversation_id
    parents = {row.parent_id for row in rows}
    family = Q(parent_id__in=parents - {None})
    if None in parents:
        family |= Q(conversation_id=conversation, parent=None, position=0)
    groups: defaultdict[tuple[Any, str], list[uuid.UUID]] = defaultdict(list)
    for pk, parent, role in (
        Message.objects.filter(family).order_by("created_at").values_list("pk", "parent_id", "role")
    ):
        groups[parent, role].append(pk)
    result = {}
    for row in rows:
        ids = groups[row.parent_id, row.role]
        result[row.pk] = {"index": ids.index(row.pk) + 1, "count": len(ids), "ids": [str(pk) for pk in ids]}
    return result


def _usage(rows: Iterable[Message]) -> dict[uuid.UUID, Item]:
    iterations = Iteration.objects.filter(message__in=[row.pk for row in rows]).select_related("model_call")
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    return {
        iteration.message_id: {name: getattr(iteration.model_call, name) for name in names}
        for iteration in iterations
        if iteration.message_id is not None and iteration.model_call is not None
    }


def page_state(user: User, conversation: Conversation | None) -> Item:
    """Everything that the chat page starts from."""
    messages: list[Item] = []
    earlier: str | None = None
    turns: dict[str, turn_state.State] = {}
    if conversation is not None:
        messages, earlier = message_page(conversation, cursor="before:999999999", limit=PAGE_MESSAGES)
        turns = _turn_states(conversation, {item["turn"] for item in messages if item["turn"]})
    return {
        "user": {"id": str(user.pk), "username": user.get_username(), "is_staff": user.is_staff},
        "server_time": rfc3339(timezone.now()),
        "limits": send_limits.published(),
        "conversation": conversations.item(conversation) if conversation else None,
        "messages": [_shortened(item) for item in messages],
        "earlier_cursor": earlier,
        "turns": turns,
        "models": model_items(user),
        "agents": agent_items(),
    }


def model_items(user: User) -> list[Item]:
    models, today = available_models(user), timezone.localdate()
    return [
        {
            "provider": model.provider.slug,
            "provider_name": model.provider.name,
            "id": model.model_id,
            "name": model.name,
            "capabilities": {"context_window": model.context_window, "max_output_tokens": model.max_output_tokens},
            "settings": vars(settings.values),
            "retirement": retirement_notice(model, today=today),
        }
        for model, settings in zip(models, settings_resolution.effective_for_all(user=user, models=models), strict=True)
    ]


def agent_items() -> list[Item]:
    return [
        {"id": agent.slug, "name": agent.name, "description": agent.description, "starters": list(agent.starters)}
        for agent in offered()
    ]


def _turn_states(conversation: Conversation, shown: set[str]) -> dict[str, turn_state.State]:
    """The state of every shown turn, from its rows, and of every turn that has not ended, from its log."""
    turns: QuerySet[Turn] = conversation.turns.select_related("model__provider").order_by("number")
    wanted = turns.filter(Q(pk__in=shown) | ~Q(status__in=Turn.ENDED))
    ended = [turn for turn in wanted if turn.status in Turn.ENDED]
    states = ended_turns.states(ended)
    for turn in wanted:
        if turn.status not in Turn.ENDED:
            states[str(turn.pk)] = folded(turn)
    return states


def folded(turn: Turn) -> turn_state.State:
    """The turn's state as its log tells it, up to the newest event."""
    conversation = str(turn.conversation_id)
    state = turn_state.initial(turn=str(turn.pk), conversation=conversation)
    while batch := event_log.replay(turn.pk, conversation=conversation, after=state["seq"]):
        turn_state.fold(state, (event.fields for event in batch))
    return state


def _shortened(item: Item) -> Item:
    """Long tool results are not embedded in a page."""
    parts = [
        {**part, "text": part["text"][:SHOWN_RESULT_CHARACTERS], "shortened": True}
        if part["kind"] == "tool_result" and len(part["text"]) > SHOWN_RESULT_CHARACTERS
        else part
        for part in item["parts"]
    ]
    return {**item, "parts": parts}
