"""A user's conversations: list, make, rename, delete. Every function sees the user's own rows only."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.moments import rfc3339
from accounts.refusals import InvalidRequest, NotFound
from agents.availability import check_agent, find_model
from agents.models import LanguageModel, StoredResult
from agents.roster import DEFAULT_AGENT
from chat import engine, stored_results
from chat.models import Conversation, Turn
from chat.text_faults import fault_in

TITLE_CHARACTERS = 200
_NO_EPOCH = 2**31 - 1  # Nobody is leased under it.

Item = dict[str, Any]


def item(conversation: Conversation) -> Item:
    """The conversation as REST and the page show it. Its model must be loaded."""
    model = conversation.model
    return {
        "id": str(conversation.pk),
        "title": conversation.title,
        "agent": conversation.agent,
        "provider": model.provider.slug if model else None,
        "model": model.model_id if model else None,
        "archived": conversation.archived,
        "pinned": conversation.pinned,
        "running": getattr(conversation, "running", False),
        "created_at": rfc3339(conversation.created_at),
        "last_activity_at": rfc3339(conversation.last_activity_at),
    }


def of_user(user: User) -> QuerySet[Conversation]:
    active = Turn.objects.filter(conversation=OuterRef("pk"), status__in=Turn.ACTIVE)
    return Conversation.objects.filter(owner=user).select_related("model__provider").annotate(running=Exists(active))


def get(user: User, conversation_id: uuid.UUID) -> Conversation:
    found = of_user(user).filter(pk=conversation_id).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def list_page(
    user: User, *, cursor: str | None = None, limit: int = 50, archived: bool | None = False
) -> tuple[list[Item], str | None]:
    """The user's conversations by last activity, newest first, and the cursor of the next page."""
    rows = of_user(user).order_by("-last_activity_at", "-pk")
    if archived is not None:
        rows = rows.filter(archived=archived)
    if cursor is not None:
        moment, last_id = _read_cursor(cursor)
        rows = rows.filter(Q(last_activity_at__lt=moment) | Q(last_activity_at=moment, pk__lt=last_id))
    page = list(rows[: limit + 1])
    more = len(page) > limit
    last = page[limit - 1] if more else None
    next_cursor = f"{last.last_activity_at.isoformat()}_{last.pk}" if last else None
    return [item(row) for row in page[:limit]], next_cursor


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    moment, _, last_id = cursor.partition("_")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), uuid.UUID(last_id)
    except (ValueError, OverflowError):
        raise InvalidRequest.of_fields({"cursor": "must be the next_cursor of an earlier page"}) from None


def create(
    user: User,
    *,
    title: str | None = None,
    agent: str | None = None,
    provider: str | None = None,
    model: str | None = None,
) -> Conversation:
    """A new conversation. Without a model it uses whatever comes first when it is sent to."""
    conversation = Conversation.objects.create(
        owner=user,
        title=_checked_title(title) if title else "",
        title_is_custom=bool(title),
        agent=_checked_agent(agent),
        model=_chosen_model(provider, model),
    )
    engine.news(user=user.pk, kind="created", conversation=conversation.pk)
    return get(user, conversation.pk)


def change(user: User, conversation_id: uuid.UUID, changes: dict[str, Any]) -> Conversation:
    """Change what is named: title, agent, provider and model, archived, pinned."""
    conversation = get(user, conversation_id)
    fields = {name: changes[name] for name in ("archived", "pinned") if changes.get(name) is not None}
    if changes.get("title") is not None:
        fields |= {"title": _checked_title(changes["title"]), "title_is_custom": True}
    if changes.get("agent") is not None:
        fields["agent"] = _checked_agent(changes["agent"])
    if changes.get("model") is not None or changes.get("provider") is not None:
        fields["model"] = _chosen_model(changes.get("provider"), changes.get("model"))
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    if "title" in fields or "pinned" in fields:
        engine.news(user=user.pk, kind="renamed", conversation=conversation.pk)
    if "archived" in fields:
        engine.news(user=user.pk, kind="archived", conversation=conversation.pk)
    return get(user, conversation_id)


def rename(user: User, conversation_id: uuid.UUID, title: str) -> Conversation:
    return change(user, conversation_id, {"title": title})


def delete(user: User, conversation_id: uuid.UUID) -> None:
    """Delete it with everything in it; what still runs there is stopped first."""
    with transaction.atomic():
        # Locked, so that nobody adds to it meanwhile.
        mine = Conversation.objects.select_for_update(no_key=True).filter(pk=conversation_id, owner=user)
        conversation = mine.first()
        if conversation is None:
            raise NotFound("There is no such conversation.")
        unended = conversation.turns.exclude(status__in=Turn.ENDED)
        running = list(unended.values_list("pk", flat=True))
        # Fence the workers: they can write nothing more, and claim nothing.
        unended.update(status=Turn.Status.STOPPED, epoch=_NO_EPOCH, ended_at=timezone.now())
        StoredResult.objects.filter(owner=user, scope=stored_results.scope_of(conversation.pk)).delete()
        conversation.delete()
    for turn_id in running:
        engine.stop_turn(turn_id)
    engine.news(user=user.pk, kind="deleted", conversation=conversation_id)


def _checked_title(title: str) -> str:
    line = " ".join(title.split())
    if not 1 <= len(line) <= TITLE_CHARACTERS:
        raise InvalidRequest.of_fields({"title": f"must be 1 to {TITLE_CHARACTERS} characters"})
    fault = fault_in(line)
    if fault:
        raise InvalidRequest.of_fields({"title": fault})
    return line


def _checked_agent(slug: str | None) -> str:
    fault = check_agent(slug) if slug is not None else None
    if fault:
        raise InvalidRequest.of_fields({"agent": fault})
    return slug or DEFAULT_AGENT.slug


def _chosen_model(provider: str | None, model: str | None) -> LanguageModel | None:
    if model is None and provider is None:
        return None
    if not provider or not model:
        raise InvalidRequest.of_fields({"model": "must come together with its provider"})
    return find_model(provider=provider, model_id=model)
