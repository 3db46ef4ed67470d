"""Which of a message's reasoning may be sent back.

A reasoning block is sent only to the model that thought it, and only after exactly the prefix that it was born from:
Anthropic's newest models refuse it with a 400 after an edited history (docs, "Extended thinking", 2026-10). Which
messages stand after their own prefix is what a `Window` knows.
"""

from __future__ import annotations

from dataclasses import replace

from agents.llm.messages import Message, Part, ReasoningPart


def without_reasoning(message: Message) -> Message:
    """The very same object if there is none in it."""
    return replayed(message, model="")


def replayed(message: Message, *, model: str) -> Message:
    """`message` with that reasoning alone which `model` (an id) may be sent; unsigned reasoning never is."""
    parts = tuple(part for part in message.parts if not isinstance(part, ReasoningPart) or _is_of(part, model))
    return message if len(parts) == len(message.parts) else replace(message, parts=parts)


def count_reasoning(message: Message) -> int:
    """How many blocks of it."""
    return sum(isinstance(part, ReasoningPart) for part in message.parts)


def _is_of(part: Part, model: str) -> bool:
    return isinstance(part, ReasoningPart) and bool(model and part.signature) and part.origin == model
