"""How much room the rate pools have now, over REST. Counts of everyone together; nobody's identity."""

from __future__ import annotations

import math
import time
from typing import Any

from ninja import Router
from pydantic import BaseModel

from accounts.bearer import ApiRequest
from accounts.paging import DEFAULT_LIMIT, Cursor, Limit, page_of
from agents.governor.levels import Level
from agents.governor.limits import Dimension
from agents.headroom import Headroom, headroom_for

router = Router(tags=["limits"])


class DimensionOut(BaseModel):
    """Requests or tokens. `limit` is a minute's, as it is in force: `configured`, unless the provider was `learnt` to
    enforce something else (null: nobody entered one; nothing else was learnt). `capacity` is what may be used at once,
    `level` what is there of it now (below 0: a debt), `used` what is missing, back after `full_in_seconds`.
    `others_share`: what others take of the same key, from 0 to 1."""

    dimension: Dimension
    configured: int | None
    learnt: int | None
    limit: int
    burst_seconds: float
    capacity: int
    level: int
    used: int
    full_in_seconds: float
    others_share: float


class PoolOut(BaseModel):
    """`pool` is null for a model that is in none. `waiting` and `running` count everyone's calls. `wait_seconds`: about
    how long a new small call would wait; null while the pool is `closed` (the reason; null if it is open) without an
    end. `differs` names the dimensions whose entered numbers are not what the provider enforces."""

    pool: str | None
    provider: str
    models: list[str]
    dimensions: list[DimensionOut]
    waiting: int
    running: int
    concurrency: int | None
    wait_seconds: float | None
    closed: str | None
    differs: list[Dimension]


class Limits(BaseModel):
    items: list[PoolOut]
    next_cursor: str | None


@router.get("/limits", response=Limits)
def list_limits(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    """Each rate pool of the models that I can choose: what is free of it, who waits. In the order of the models."""
    rooms = headroom_for(request.user, now=time.time())
    page = page_of(rooms, key=lambda room: room.key, cursor=cursor, limit=limit)
    return {"items": [_pool(room) for room in page.items], "next_cursor": page.next_cursor}


def _pool(room: Headroom) -> PoolOut:
    levels = room.levels
    return PoolOut(
        pool=room.pool.name if room.pool else None,
        provider=room.models[0].provider.slug,
        models=[model.model_id for model in room.models],
        dimensions=[_dimension(level) for level in levels.dimensions],
        waiting=levels.waiting,
        running=levels.running,
        concurrency=levels.concurrency,
        wait_seconds=None if levels.wait is None else round(levels.wait, 1),
        closed=levels.closed or None,
        differs=levels.differs,
    )


def _dimension(one: Level) -> DimensionOut:
    capacity, level = math.floor(one.capacity), math.floor(one.level)
    return DimensionOut(
        dimension=one.dimension,
        configured=None if one.configured is None else round(one.configured),
        learnt=None if one.learnt is None else round(one.learnt),
        limit=round(one.in_force),
        burst_seconds=round(one.burst, 2),
        capacity=capacity,
        level=level,
        used=capacity - level,
        full_in_seconds=round(one.full_in, 1),
        others_share=round(one.foreign, 2),
    )
