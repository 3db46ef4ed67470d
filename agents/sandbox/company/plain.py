"""The company's own APIs: `GET /company/orders`, `/company/payments`, `/company/inventory`, as pages of JSON.

`POST /company/refunds` makes a refund; nothing else can be changed.

`page` (from 1) and `per_page` (1 to 100) choose; `next` is the path of the page that follows, null after the last.
"""

from __future__ import annotations

from typing import Any

from agents.sandbox.company.answer import Answer, Asked, Refused, answer
from agents.sandbox.company.refunds import Refunds
from agents.sandbox.company.shop import SHELVES

PREFIX = "/company/"
_REFUNDS = "refunds"
MOST_PER_PAGE = 100
_USUAL_PER_PAGE = 50


def serve(asked: Asked, *, deployed: int, refunds: Refunds) -> Answer:
    """Raises Refused."""
    name = asked.path.removeprefix(PREFIX)
    if name == _REFUNDS:
        return refunds.serve(asked)
    rows_of = SHELVES.get(name)
    if rows_of is None:
        there = ", ".join(PREFIX + one for one in (*SHELVES, _REFUNDS))
        raise Refused(404, f"there is no {asked.path}; there are: {there}")
    if asked.method != "GET":
        raise Refused(405, f"{asked.path} can only be read, with GET")
    return answer(_page(rows_of(deployed), asked=asked))


def _page(rows: list[dict[str, Any]], *, asked: Asked) -> dict[str, Any]:
    page = _number(asked, "page", usual=1, most=1_000_000)
    per_page = _number(asked, "per_page", usual=_USUAL_PER_PAGE, most=MOST_PER_PAGE)
    start, end = (page - 1) * per_page, page * per_page
    more = f"{asked.path}?page={page + 1}&per_page={per_page}" if end < len(rows) else None
    return {"data": rows[start:end], "page": page, "per_page": per_page, "total": len(rows), "next": more}


def _number(asked: Asked, name: str, *, usual: int, most: int) -> int:
    text = asked.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Refused(400, f"{name} is a whole number from 1 to {most}")
    return int(text)
