"""How far a provider's own counts lie from ours, as whole numbers that every count is multiplied by."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = 1_000
"""Corrections are in thousandths; this one changes nothing."""

LEAST, MOST = 500, 5_000
"""No vocabulary is further from ours than that: the rest would be a provider that miscounts."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """`frame` is for what every call carries (instructions, tools, the wire's own), `messages` for what was said."""

    frame: int = WHOLE
    messages: int = WHOLE

    def of_frame(self, tokens: int) -> int:
        """Rounded up."""
        return -(-tokens * self.frame // WHOLE)

    def of_messages(self, tokens: int) -> int:
        """Rounded up, so that the parts of a sum never come to less than the corrected sum."""
        return -(-tokens * self.messages // WHOLE)

    @property
    def upward(self) -> Correction:
        """What of it makes counts larger."""
        return Correction(frame=max(self.frame, WHOLE), messages=max(self.messages, WHOLE))


UNCORRECTED = Correction()
