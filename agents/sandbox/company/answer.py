"""One request to the company, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Header names are in lower case; `query` has the last value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """JSON; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    all_headers = {"content-type": "application/json", **(headers or {})}
    return Answer(status=status, body=orjson.dumps(data), headers=all_headers)


class Refused(Exception):
    """The request cannot be answered: the status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
