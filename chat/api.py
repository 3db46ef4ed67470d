"""Conversations, messages and turns over REST. The same `actions` as the socket's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Header, Query, Router, Status
from ninja.throttling import UserRateThrottle
from pydantic import BaseModel, ConfigDict, Field

from accounts.bearer import ApiRequest, require_scope
from accounts.live_credentials import of_session, of_token
from accounts.paging import DEFAULT_LIMIT, Limit
from accounts.refusals import InvalidRequest, NotFound
from chat import actions, conversations, event_log, event_stream, send_limits, shorter, transcript
from chat.models import Iteration, Turn
from chat.once import Accepted
from chat.own_rows import own_message

router = Router(tags=["chat"])

Cursor = Annotated[str | None, Query(max_length=200)]
EVENTS_PAGE = 500


class ConversationOut(BaseModel):
    id: UUID
    title: str
    agent: str
    provider: str | None
    model: str | None
    archived: bool
    pinned: bool
    running: bool
    created_at: str
    last_activity_at: str


class ConversationList(BaseModel):
    items: list[ConversationOut]
    next_cursor: str | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewConversation(_Strict):
    title: str | None = Field(default=None, max_length=1_000)
    agent: str | None = Field(default=None, max_length=64)
    provider: str | None = Field(default=None, max_length=64)
    model: str | None = Field(default=None, max_length=200)


class ConversationChange(NewConversation):
    archived: bool | None = None
    pinned: bool | None = None


class NewMessage(_Strict):
    client_message_id: str
    text: str
    parent: UUID | None = None


class Regeneration(_Strict):
    client_message_id: str
    provider: str | None = Field(default=None, max_length=64)
    model: str | None = Field(default=None, max_length=200)
    agent: str | None = Field(default=None, max_length=64)


class Edition(_Strict):
    client_message_id: str
    text: str


class MessageOut(BaseModel):
    id: UUID
    role: Literal["user", "assistant", "tool"]
    parent: UUID | None
    turn: UUID | None
    text: str
    parts: list[dict[str, Any]]
    siblings: dict[str, Any]
    usage: dict[str, int | None] | None
    created_at: str


class MessageList(BaseModel):
    items: list[MessageOut]
    next_cursor: str | None


class AcceptedOut(BaseModel):
    turn: UUID
    message: UUID
    duplicate: bool


class TurnOut(BaseModel):
    """`settings` are those that the turn runs with; `seq` is the newest event in its log."""

    id: UUID
    conversation: UUID
    question: UUID
    status: Literal["queued", "waiting", "running", "completed", "stopped", "interrupted", "failed"]
    reason: str | None
    error: str | None
    agent: str
    provider: str | None
    model: str | None
    settings: dict[str, Any]
    usage: dict[str, int]
    seq: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class ShorterOut(BaseModel):
    """Of the call that waits: its input in tokens, what it would be if less were sent, how many messages that leaves
    out, and about how many seconds sooner it would be sent (null: nothing tells)."""

    tokens: int
    shorter_tokens: int
    left_out: int
    sooner_seconds: int | None


class EventList(BaseModel):
    """Each event as it goes over the socket."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class ReceiptList(BaseModel):
    """What each model call of the turn carried, oldest first."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@router.get("/conversations", response=ConversationList)
def list_conversations(
    request: ApiRequest, *, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT, archived: bool | None = False
) -> dict[str, Any]:
    items, next_cursor = conversations.list_page(request.user, cursor=cursor, limit=limit, archived=archived)
    return {"items": items, "next_cursor": next_cursor}


@router.post("/conversations", response={201: ConversationOut})
def create_conversation(request: ApiRequest, body: NewConversation) -> Status[Any]:
    require_scope(request, "write")
    return Status(201, conversations.item(conversations.create(request.user, **body.model_dump())))


@router.get("/conversations/{uuid:conversation_id}", response=ConversationOut)
def get_conversation(request: ApiRequest, conversation_id: UUID) -> dict[str, Any]:
    return conversations.item(conversations.get(request.user, conversation_id))


@router.patch("/conversations/{uuid:conversation_id}", response=ConversationOut)
def change_conversation(request: ApiRequest, conversation_id: UUID, body: ConversationChange) -> dict[str, Any]:
    conversations.get(request.user, conversation_id)
    require_scope(request, "write")
    changes = body.model_dump(exclude_unset=True)
    return conversations.item(conversations.change(request.user, conversation_id, changes))


@router.delete("/conversations/{uuid:conversation_id}", response={204: None})
def delete_conversation(request: ApiRequest, conversation_id: UUID) -> Status[None]:
    conversations.get(request.user, conversation_id)
    require_scope(request, "write")
    conversations.delete(request.user, conversation_id)
    return Status(204, None)


@router.get("/conversations/{uuid:conversation_id}/messages", response=MessageList)
def list_messages(
    request: ApiRequest,
    conversation_id: UUID,
    *,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
    leaf: UUID | None = None,
) -> dict[str, Any]:
    """Oldest first along the active branch, or along the one that holds `leaf`."""
    conversation = conversations.get(request.user, conversation_id)
    items, next_cursor = transcript.message_page(conversation, cursor=cursor, limit=limit, leaf=leaf)
    return {"items": items, "next_cursor": next_cursor}


@router.post("/conversations/{uuid:conversation_id}/messages", response={202: AcceptedOut})
def send(request: ApiRequest, conversation_id: UUID, body: NewMessage) -> Status[Any]:
    conversations.get(request.user, conversation_id)
    require_scope(request, "write")
    accepted = actions.send(user=request.user, conversation_id=conversation_id, **body.model_dump())
    return _accepted(accepted)


@router.post("/messages/{uuid:message_id}/regenerate", response={202: AcceptedOut})
def regenerate(request: ApiRequest, message_id: UUID, body: Regeneration) -> Status[Any]:
    own_message(request.user, message_id)
    require_scope(request, "write")
    wish = actions.Wish(provider=body.provider, model=body.model, agent=body.agent)
    accepted = actions.regenerate(
        user=request.user, message_id=message_id, client_message_id=body.client_message_id, wish=wish
    )
    return _accepted(accepted)


@router.post("/messages/{uuid:message_id}/edit", response={202: AcceptedOut})
def edit(request: ApiRequest, message_id: UUID, body: Edition) -> Status[Any]:
    own_message(request.user, message_id)
    require_scope(request, "write")
    return _accepted(actions.edit(user=request.user, message_id=message_id, **body.model_dump()))


def _accepted(accepted: Accepted) -> Status[Any]:
    return Status(202, {"turn": accepted.turn.pk, "message": accepted.message.pk, "duplicate": accepted.duplicate})


@router.get("/turns/{uuid:turn_id}", response=TurnOut)
def get_turn(request: ApiRequest, turn_id: UUID) -> dict[str, Any]:
    return _turn(_own_turn(request, turn_id))


@router.post("/turns/{uuid:turn_id}/stop", response={202: TurnOut})
def stop_turn(request: ApiRequest, turn_id: UUID) -> Status[Any]:
    """Accepted: a running turn ends within a moment, and its last event says so."""
    _own_turn(request, turn_id)
    require_scope(request, "write")
    actions.stop(user=request.user, turn_id=turn_id)
    return Status(202, _turn(_own_turn(request, turn_id)))


@router.post("/turns/{uuid:turn_id}/shorten", response={202: TurnOut})
def shorten_turn(request: ApiRequest, turn_id: UUID) -> Status[Any]:
    """Accepted: the call that the turn waits for is cut to what `shorter` tells, once, and goes on waiting as that."""
    _own_turn(request, turn_id)
    require_scope(request, "write")
    actions.shorten(user=request.user, turn_id=turn_id)
    return Status(202, _turn(_own_turn(request, turn_id)))


class PreviewThrottle(UserRateThrottle):
    """What costs a rebuilt context may be asked for as often as a person would look. Counted in each process."""

    scope = "preview_shorter"


@router.get("/turns/{uuid:turn_id}/shorter", response=ShorterOut, throttle=[PreviewThrottle(send_limits.PREVIEWS)])
def preview_shorter(request: ApiRequest, turn_id: UUID) -> dict[str, Any]:
    """What `shorten` would do to the call that the turn waits for."""
    _own_turn(request, turn_id)
    return vars(shorter.preview(user=request.user, turn_id=turn_id))


@router.get("/turns/{uuid:turn_id}/receipts", response=ReceiptList)
def list_receipts(request: ApiRequest, turn_id: UUID) -> dict[str, Any]:
    turn = _own_turn(request, turn_id)
    rows = Iteration.objects.filter(turn=turn).select_related("model_call", "run").order_by("n")
    return {"items": [_receipt(row, turn) for row in rows], "next_cursor": None}


@router.get(
    "/turns/{uuid:turn_id}/events",
    response=EventList,
    openapi_extra={"responses": {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}},
)
def list_events(
    request: ApiRequest,
    turn_id: UUID,
    *,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    cursor: Cursor = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
) -> Any:
    """Oldest first: as JSON pages, or as server-sent events where the caller accepts `text/event-stream`."""
    turn = _own_turn(request, turn_id)
    start = _seq(cursor if cursor is not None else last_event_id, default=after)
    if "text/event-stream" in request.headers.get("Accept", ""):
        token = request.auth.token
        credential = of_session(request.user, request.session) if token is None else of_token(token)
        return event_stream.response(turn, start, credential)
    events = event_log.replay(turn.pk, conversation=str(turn.conversation_id), after=start, limit=EVENTS_PAGE)
    more = len(events) == EVENTS_PAGE
    return {"items": [event.fields for event in events], "next_cursor": str(events[-1].seq) if more else None}


def _seq(text: str | None, *, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest.of_fields({"cursor": "must be the seq of an event"})
    return int(text)


def _own_turn(request: ApiRequest, turn_id: UUID) -> Turn:
    found = Turn.objects.select_related("model__provider").filter(pk=turn_id, conversation__owner=request.user)
    turn = found.first()
    if turn is None:
        raise NotFound("There is no such turn.")
    return turn


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.pk,
        "conversation": turn.conversation_id,
        "question": turn.question_id,
        "status": turn.status,
        "reason": turn.reason or None,
        "error": turn.error_message or None,
        "agent": turn.agent,
        "provider": turn.model.provider.slug if turn.model else None,
        "model": turn.model.model_id if turn.model else None,
        "settings": turn.settings,
        "usage": turn.usage,
        "seq": turn.seq,
        "created_at": turn.created_at,
        "started_at": turn.started_at,
        "ended_at": turn.ended_at,
    }


def _receipt(row: Iteration, turn: Turn) -> dict[str, Any]:
    names = ("input_tokens", "output_tokens", "cache_read_tokens")
    reported = {name: getattr(row.model_call, name) for name in names} if row.model_call else None
    return {
        "n": row.n,
        "agent": row.run.agent if row.run else turn.agent,
        "delegate_call": row.run.call if row.run else None,
        "message": str(row.message_id) if row.message_id else None,
        "reported": reported,
        **row.receipt,
    }
