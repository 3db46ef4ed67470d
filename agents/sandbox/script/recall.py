"""`recall WORD`: is the word in what the sandbox was sent? It shows what a token limiter left out."""

from __future__ import annotations

from collections.abc import Iterator

from agents.llm.messages import Message, Part, TextPart, ToolCall, ToolResult
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.words import read_words


def recall_answer(request: SandboxRequest, word: str) -> str:
    """Says where `word` was found, or that it was not. Questions about the same word, and the answers to them, do not
    count: they would prove themselves."""
    if (place := _find(request, word)) is None:
        return f"No: `{word}` is not in what I was sent (messages: {len(request.messages)}, and the instructions)."
    return f"Yes: `{word}` is in what I was sent ({place})."


def _find(request: SandboxRequest, word: str) -> str | None:
    wanted = word.casefold()
    for number, message in _evidence(request, wanted):
        if any(wanted in text.casefold() for part in message.parts for text in _texts(part)):
            return f"message {number} of {len(request.messages)}, role {message.role}"
    return "the instructions" if wanted in request.instructions.casefold() else None


def _evidence(request: SandboxRequest, wanted: str) -> Iterator[tuple[int, Message]]:
    """Numbered messages (from 1), without the questions about the word and what was answered to them."""
    asked = False
    for number, message in enumerate(request.messages, start=1):
        if message.role == "user":
            asked = read_words(message.text).recall.casefold() == wanted
        if not asked:
            yield number, message


def _texts(part: Part) -> tuple[str, ...]:
    match part:
        case TextPart() | ToolResult():
            return (part.text,)
        case ToolCall():
            return (part.arguments,)
        case _:
            return ()
