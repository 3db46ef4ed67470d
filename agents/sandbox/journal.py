"""What was served, for those who want to look: tests read at the wire what a client really sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["open", "complete", "refused", "broken", "closed"]
"""open: still being answered · complete: the client has the whole answer · refused: an HTTP error · broken: an accident
that was asked for · closed: the client went away before the end."""

_SECRET_WORDS = ("authorization", "cookie", "key", "token", "secret")


@dataclass(kw_only=True)
class Entry:
    """One request. `headers` are in lower case and hold no secret; `body` is {} where it was no JSON object.

    `account` is a digest of the credential: equal credentials, equal accounts. `input_tokens` and `output_tokens` are
    what the sandbox counted and reported.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    account: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    status: int = 0
    outcome: Outcome = "open"
    input_tokens: int = 0
    output_tokens: int = 0

    def end(self, outcome: Outcome) -> None:
        """Notes how it ended; what came first stays."""
        if self.outcome == "open":
            self.outcome = outcome


class Journal:
    """The newest `keep` entries, oldest first. With `keep` 0 nothing that was sent is kept."""

    def __init__(self, *, keep: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)

    def note(self, entry: Entry) -> None:
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest(self) -> Entry:
        """IndexError if nothing was served yet."""
        return self._entries[-1]


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not any(word in name for word in _SECRET_WORDS)}
