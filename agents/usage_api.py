"""What model calls used, over REST. Everyone sees what is their own; staff see everyone's sums, if they ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from accounts.bearer import ApiRequest, require_scope
from accounts.models import User
from accounts.paging import Limit, page_of
from accounts.refusals import Forbidden, InvalidRequest
from agents import usage
from agents.periods import Period, last_days, read_end, read_start
from agents.usage import Grouping

router = Router(tags=["usage"])

DAYS = 30
MOST_ROWS = 200
_NOT_THERE = "-"  # no slug, id or day
_SHAPE = WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
From = Annotated[datetime, BeforeValidator(read_start), _SHAPE]
To = Annotated[datetime, BeforeValidator(read_end), _SHAPE]


class UsageOut(BaseModel):
    """Tokens as providers counted them; `cache_read_tokens` are part of `input_tokens`. `waited_ms` in milliseconds.

    `rate_limited` counts refusals by a provider, `uncounted` the calls whose tokens no provider told.
    """

    model_config = ConfigDict(from_attributes=True)

    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    waits: int
    waited_ms: int
    rate_limited: int
    uncounted: int


class UsageRowOut(UsageOut):
    """`key` is `provider/model_id`, an agent's id, a user's id or a day in UTC; null for what is gone or never was."""

    key: str | None
    name: str


class UsageList(BaseModel):
    """The sums of the period from `from` until just before `to`. `total` is of all the rows, on whatever page."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    total: UsageOut
    items: list[UsageRowOut]
    next_cursor: str | None


@router.get("/usage", response=UsageList, by_alias=True)
def get_usage(
    request: ApiRequest,
    *,
    start: Annotated[From | None, Query(alias="from")] = None,
    end: Annotated[To | None, Query(alias="to")] = None,
    group_by: Grouping = "day",
    scope: Literal["own", "everyone"] | None = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Limit = MOST_ROWS,
) -> dict[str, Any]:
    """My usage in the last 30 days, or from `from` to `to`: moments, or days in UTC, which are included whole.

    Everyone's usage and `group_by=user` are for staff, with the scope `admin`.
    """
    user = _asked_for(request, group_by=group_by, scope=scope)
    period = _period(start, end)
    rows = usage.usage_by(group_by, period=period, user=user)
    page = page_of(rows, key=lambda row: row.key or _NOT_THERE, cursor=cursor, limit=limit)
    return {
        "start": period.start,
        "end": period.end,
        "total": usage.total(rows),
        "items": page.items,
        "next_cursor": page.next_cursor,
    }


def _asked_for(request: ApiRequest, *, group_by: Grouping, scope: str | None) -> User | None:
    """Whose calls are summed; None for everyone's."""
    if group_by != "user" and scope != "everyone":
        return request.user
    if not request.user.is_staff:
        raise Forbidden("Only staff see what others used. Your own usage is here without `scope` and `group_by=user`.")
    require_scope(request, "admin")
    return request.user if scope == "own" else None


def _period(start: datetime | None, end: datetime | None) -> Period:
    end = end or last_days(1, now=timezone.now()).end
    start = start or end - timedelta(days=DAYS)
    try:
        return Period(start=start, end=end)
    except ValueError as fault:
        raise InvalidRequest.of_fields({"from": str(fault)}) from None
