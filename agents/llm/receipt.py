"""The receipt of one model call: what it carried and what not, each with its tokens and the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from agents.llm.messages import Role

Status = Literal["kept", "shortened", "stubbed", "left_out"]
Reason = Literal["", "result_shortened", "arguments_shortened", "result_stubbed", "iteration_left_out", "repaired"]


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What lies before the boundary: so many messages, so many tokens, none of them sent."""

    count: int = 0
    tokens: int = 0

    def __add__(self, other: Earlier) -> Earlier:
        return Earlier(count=self.count + other.count, tokens=self.tokens + other.tokens)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One message since the boundary. `tokens` were sent of the `whole` that it has."""

    message_id: str
    role: Role
    status: Status
    reason: Reason
    tokens: int
    whole: int


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The parts of the budget in tokens; `limit` is the most that this call could carry.

    `message` is the newest user message, a part of `conversation`. `earlier` was left out because it is over the limit.
    """

    limit: int
    instructions: int
    tools: int
    overhead: int
    conversation: int
    message: int
    entries: tuple[Entry, ...]
    earlier: Earlier

    @property
    def total(self) -> int:
        """Equals the counted request exactly."""
        return self.instructions + self.tools + self.overhead + self.conversation

    @property
    def free(self) -> int:
        return self.limit - self.total

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form, with `total` and `free`."""
        entries = [asdict(entry) for entry in self.entries]
        return {**asdict(self), "entries": entries, "total": self.total, "free": self.free}
