"""Who am I, and my API tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from django.utils import timezone
from ninja import Router, Status
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from accounts import audited_tokens
from accounts.bearer import ApiRequest, Scope, require_scope
from accounts.models import ApiToken, AuditEntry
from accounts.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page_of
from accounts.refusals import NotFound

router = Router(tags=["accounts"])


def _text_only(value: object) -> object:
    # pydantic would also read a number as seconds since 1970.
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time, for example 2027-01-31T00:00:00Z")
    return value


def _future_utc(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None
    if moment <= timezone.now():
        raise ValueError("must lie in the future")
    return moment


class Me(BaseModel):
    id: UUID
    username: str
    is_staff: bool
    scope: Scope


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=100)
    scope: Scope = "write"
    expires_at: Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_future_utc)] | None = None


class Token(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ShownToken(Token):
    """With the token itself: the only answer that ever holds it."""

    token: str


class TokenList(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    items: list[Token]
    next_cursor: str | None


@router.get("/me", response=Me)
def me(request: ApiRequest) -> Me:
    user = request.user
    return Me(id=user.pk, username=user.username, is_staff=user.is_staff, scope=request.auth.scope)


@router.get("/tokens", response=TokenList)
def list_tokens(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Page[ApiToken]:
    rows = list(request.user.api_tokens.order_by("-created_at", "-id"))
    return page_of(rows, key=lambda row: str(row.pk), cursor=cursor, limit=limit)


@router.post("/tokens", response={201: ShownToken})
def create_token(request: ApiRequest, payload: NewToken) -> Status[ShownToken]:
    require_scope(request, "admin")
    user = request.user
    issued = audited_tokens.make(user=user, actor=user, door=AuditEntry.Door.API, **payload.model_dump())
    return Status(201, ShownToken(**Token.model_validate(issued.row).model_dump(), token=issued.secret))


@router.delete("/tokens/{token_id}", response={204: None})
def revoke_token(request: ApiRequest, token_id: UUID) -> Status[None]:
    row = request.user.api_tokens.filter(pk=token_id).first()
    if row is None:
        raise NotFound("You have no API token with this id.")
    require_scope(request, "write")
    audited_tokens.revoke(row, actor=request.user, door=AuditEntry.Door.API)
    return Status(204, None)
