"""The receipt of one model call: what it carried and what not, each with its tokens and the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from agents.llm.correction import UNCORRECTED, Correction
from agents.llm.messages import Role
from agents.llm.tokens import TokenCounter

Status = Literal["kept", "shortened", "stubbed", "left_out"]
Reason = Literal[
    "",
    "result_shortened",
    "arguments_shortened",
    "result_stubbed",
    "iteration_left_out",
    "repaired",
    "reasoning_dropped",
]
EarlierReason = Literal["over_limit", "over_last_messages", "too_old", "over_rate_limit"]


@dataclass(frozen=True, kw_only=True)
class Tally:
    count: int = 0
    tokens: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(count=self.count + other.count, tokens=self.tokens + other.tokens)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What lies before the boundary: so many messages, so many tokens, none of them sent.

    Of them, so much is `over_last_messages` or `too_old`, or went since the rate limit had no room for it; the rest is
    over the token limit.
    """

    count: int = 0
    tokens: int = 0
    over_last_messages: Tally = Tally()
    too_old: Tally = Tally()
    over_rate_limit: Tally = Tally()

    @classmethod
    def of(cls, reason: EarlierReason, *, count: int, tokens: int) -> Earlier:
        if reason == "over_limit":
            return cls(count=count, tokens=tokens)
        return cls(count=count, tokens=tokens, **{reason: Tally(count=count, tokens=tokens)})

    def __add__(self, other: Earlier) -> Earlier:
        return Earlier(
            count=self.count + other.count,
            tokens=self.tokens + other.tokens,
            over_last_messages=self.over_last_messages.plus(other.over_last_messages),
            too_old=self.too_old.plus(other.too_old),
            over_rate_limit=self.over_rate_limit.plus(other.over_rate_limit),
        )

    def corrected(self, counter: TokenCounter) -> Earlier:
        def tally(of: Tally) -> Tally:
            return replace(of, tokens=counter.corrected(of.tokens))

        return replace(
            self,
            tokens=counter.corrected(self.tokens),
            over_last_messages=tally(self.over_last_messages),
            too_old=tally(self.too_old),
            over_rate_limit=tally(self.over_rate_limit),
        )

    @property
    def over_limit(self) -> Tally:
        """Never below zero: what was counted for another model may sum up to less than its parts."""
        others = self.over_last_messages.plus(self.too_old).plus(self.over_rate_limit)
        return Tally(count=max(0, self.count - others.count), tokens=max(0, self.tokens - others.tokens))

    def to_dict(self) -> dict[str, Any]:
        """`{count, tokens, reasons: {reason: {count, tokens}}}`, with those reasons alone that there are."""
        reasons = {name: asdict(getattr(self, name)) for name in get_args(EarlierReason)}
        told = {name: tally for name, tally in reasons.items() if tally["count"]}
        return {"count": self.count, "tokens": self.tokens, "reasons": told}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One message since the boundary. `tokens` were sent of the `whole` that it has, not counting reasoning that was
    dropped."""

    message_id: str
    role: Role
    status: Status
    reason: Reason
    tokens: int
    whole: int


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The parts of the budget in tokens; `limit` is the most that this call could carry.

    `message` is the newest user message, a part of `conversation`. `earlier` was left out by whole turns. Every number
    of tokens is corrected by `correction` (in thousandths), but for messages whose size reports have told.
    """

    limit: int
    instructions: int
    tools: int
    overhead: int
    conversation: int
    message: int
    entries: tuple[Entry, ...]
    earlier: Earlier
    correction: Correction = UNCORRECTED

    @property
    def total(self) -> int:
        """Equals the counted request exactly."""
        return self.instructions + self.tools + self.overhead + self.conversation

    @property
    def free(self) -> int:
        return self.limit - self.total

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form, with `total` and `free`."""
        return {
            **vars(self),
            "entries": [dict(vars(entry)) for entry in self.entries],
            "earlier": self.earlier.to_dict(),
            "correction": dict(vars(self.correction)),
            "total": self.total,
            "free": self.free,
        }
