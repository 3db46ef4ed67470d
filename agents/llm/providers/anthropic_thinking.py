"""Thinking on the Messages wire: how it is asked for, and a thinking block <-> a `ReasoningPart`.

A block is signed, belongs to the model that thought it, and is sent back exactly as it came. A block that came
redacted has no text; its data stands in the signature, behind a mark that no signature (base64) can begin with.
"""

from __future__ import annotations

from typing import Any

from agents.llm.clean_text import clean_text
from agents.llm.messages import ReasoningPart
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.sendable import effort_of

THINKING = ("thinking", "redacted_thinking")

_REDACTED = "redacted:"


def thinks(request: ModelRequest) -> bool:
    """Will the model think, as far as the request has a say?"""
    able, effort = request.capabilities, effort_of(request)
    if able.thinking == "none" or effort == "none":
        return False
    return able.thinking != "opt_in" or effort is not None


def thinking_fields(request: ModelRequest) -> dict[str, Any]:
    """The arguments `thinking` and `output_config`; neither where the model does what it is to do unasked."""
    able, effort = request.capabilities, effort_of(request)
    fields: dict[str, Any] = {}
    if able.thinking != "none" and "thinking" not in able.refused:
        if thinks(request):
            fields["thinking"] = {"type": "adaptive"}
            if "thoughts" not in able.refused:
                # The newest models say what they do between two tool calls only there, and hide it unasked.
                fields["thinking"]["display"] = "summarized"
        elif able.thinking == "default_on":
            fields["thinking"] = {"type": "disabled"}
    if effort not in (None, "none"):
        fields["output_config"] = {"effort": effort}
    return fields


def block_of(part: ReasoningPart) -> dict[str, Any] | None:
    """None for reasoning that nobody signed."""
    if not part.signature:
        return None
    if part.signature.startswith(_REDACTED):
        return {"type": "redacted_thinking", "data": part.signature.removeprefix(_REDACTED)}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def redacted_signature(data: str) -> str:
    return _REDACTED + data if data else ""


class ThinkingBlock:
    """One thinking block while it streams. Its signature vouches for its exact text: where that had to be cleaned, or
    is not known, there is none."""

    def __init__(self, *, signature: str = "") -> None:
        self._pieces: list[str] = []
        self._signature = signature

    def add(self, text: str) -> None:
        self._pieces.append(text)

    def sign(self, signature: str) -> None:
        self._signature += signature

    @property
    def signature(self) -> str:
        text = "".join(self._pieces)
        return self._signature if "\x00" not in text and "\ufffd" not in clean_text(text) else ""
