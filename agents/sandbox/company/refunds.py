"""The company's refunds, the one thing that can be changed in it: `POST /company/refunds` makes one.

They are not listed: whoever uses the company shares it with others, and none of them sees what another has written.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.sandbox.company.answer import Answer, Asked, Refused, answer

MOST_KEPT = 200
MOST_BYTES = 10_000


class Refund(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    order: Annotated[str, Field(pattern=r"^ORD-\d{5}$")]
    amount_cents: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Annotated[str, Field(max_length=500)] = ""


class Refunds:
    """From any thread. `made` has the newest ones, oldest first."""

    def __init__(self) -> None:
        self.made: deque[dict[str, Any]] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()
        self._count = 0

    def serve(self, asked: Asked, /) -> Answer:
        """Raises Refused."""
        if asked.method != "POST":
            raise Refused(405, f"{asked.path} can only be added to, with POST")
        refund = _read(asked.body)
        with self._lock:
            self._count += 1
            row = {"refund_id": f"REF-{self._count:05d}", **refund.model_dump(), "state": "accepted"}
            self.made.append(row)
        return answer(row, status=201)


def _read(body: bytes) -> Refund:
    try:
        return Refund.model_validate(orjson.loads(body[:MOST_BYTES]))
    except (orjson.JSONDecodeError, ValidationError):
        raise Refused(422, 'a refund is {"order": "ORD-10007", "amount_cents": 500, "reason": "..."}') from None
