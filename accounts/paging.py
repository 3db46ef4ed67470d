"""The lists of the API: `{items, next_cursor}`, at most 200 items a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from ninja import Query

from accounts.refusals import InvalidRequest

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200)]
DEFAULT_LIMIT = 50

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    next_cursor: str | None


def page_of(
    items: Sequence[Item], *, key: Callable[[Item], str], cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Item]:
    """The page after the item whose key is `cursor`. For short lists that are in memory anyway."""
    start = 0
    if cursor is not None:
        keys = [key(item) for item in items]
        if cursor not in keys:
            raise InvalidRequest.of_fields({"cursor": "must be the next_cursor of an earlier page"})
        start = keys.index(cursor) + 1
    chosen = items[start : start + limit]
    more = start + limit < len(items)
    return Page(items=chosen, next_cursor=key(chosen[-1]) if more else None)
