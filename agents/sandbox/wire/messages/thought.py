"""The thinking block of a reply: what of a thought is shown, and the signature that binds it to what came before."""

from __future__ import annotations

from typing import Any

from agents.sandbox.accounting import count_tokens
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.sealing import Seal, digest, write_seal
from agents.sandbox.wire.messages.binding import prefix_digests


class ThoughtBlock:
    """`redacted`: nothing of the thought is shown, and the block is of another type."""

    def __init__(self, request: SandboxRequest, *, quirks: frozenset[Quirk]) -> None:
        self.redacted = "redacted" in quirks
        self._request = request
        self._thought = ""

    def begun(self) -> dict[str, Any]:
        if self.redacted:
            return {"type": "redacted_thinking", "data": self.signature()}
        return {"type": "thinking", "thinking": "", "signature": ""}

    def said(self, text: str) -> str:
        """What the client sees of a piece of the thought."""
        self._thought += text
        return text if self._shows else ""

    def signature(self) -> str:
        shown = self._thought if self._shows else ""
        seal = Seal(
            model=self._request.model.id,
            tokens=count_tokens(self._thought),
            thought=digest(shown),
            prefix=prefix_digests(self._request.body)[-1],
        )
        return write_seal(seal)

    @property
    def _shows(self) -> bool:
        return self._request.shows_thought and not self.redacted
