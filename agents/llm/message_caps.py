"""What may be sent of earlier turns besides what the token limit allows: how many messages, and how old.

A user's message counts one, a whole reply with all its iterations counts one. Where a window is saved, an overrun cuts
to half of the cap, so that the prefix moves seldom. Only whole turns go, the oldest first, and never the current one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, repeat
from typing import Literal

from agents.llm.turns import Turn

CapReason = Literal["too_old", "over_last_messages"]
_TOO_OLD: CapReason = "too_old"
_OVER: CapReason = "over_last_messages"


@dataclass(frozen=True, kw_only=True)
class MessageCaps:
    """0 is no cap. `ages` gives the minutes since each message by its id, once for a whole turn; a message that is not
    in it is new."""

    last_messages: int = 0
    max_age_minutes: int = 0
    ages: Mapping[str, float] = field(default_factory=dict)

    def reasons(self, turns: Sequence[Turn], *, deep: bool) -> list[CapReason]:
        """Why each of the oldest turns must go, oldest first. The last of `turns` is the current one.

        `deep`: an overrun cuts to half of the cap. Else the widest end is kept that is within it.
        """
        earlier = list(turns)[:-1]
        old = self._too_old(earlier, deep=deep)
        many = self._too_many(earlier[old:], deep=deep)
        return [*repeat(_TOO_OLD, old), *repeat(_OVER, many)]

    def _too_old(self, earlier: Sequence[Turn], *, deep: bool) -> int:
        ages = [self._age(turn) for turn in earlier]
        cap = self.max_age_minutes
        if not cap or max(ages, default=0) <= cap:
            return 0
        allowed = cap / 2 if deep else cap
        return max(number for number, age in enumerate(ages, start=1) if age > allowed)

    def _too_many(self, earlier: Sequence[Turn], *, deep: bool) -> int:
        cap = self.last_messages
        # What is left after 0, 1, 2, ... turns went, ending in nothing.
        left = [0, *accumulate(_messages(turn) for turn in reversed(earlier))][::-1]
        if not cap or left[0] <= cap:
            return 0
        go = next(number for number, count in enumerate(left) if count <= cap)
        while deep and go + 1 < len(left) and 2 * left[go + 1] >= cap:
            go += 1
        return go

    def _age(self, turn: Turn) -> float:
        """Minutes since its newest message: a reply that took long does not make its turn old."""
        return min((self.ages.get(line.message.id, 0.0) for line in turn.lines if line.message.id), default=0.0)


def _messages(turn: Turn) -> int:
    return 1 + (len(turn.lines) > 1)
