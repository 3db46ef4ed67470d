"""One HTTP request under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.sandbox.journal import Entry


@dataclass(frozen=True, kw_only=True)
class Visit:
    """`headers` have names in lower case; `entry` is its line in the journal."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    entry: Entry
