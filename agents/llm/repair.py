"""No orphan call and no orphan result, whatever happened before: a provider refuses both, and then for ever.

Pure, and twice is once. Merging neighbours of one role is the adapters' work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agents.llm.messages import Message, Part, ToolCall, ToolResult

INTERRUPTED = "This tool call was interrupted: it has no result."

Pair = tuple[Message | None, Message | None]
"""A message before and after: None before if it was added, None after if it goes. Untouched: the very same object."""


@dataclass(frozen=True, kw_only=True)
class Repaired:
    pairs: tuple[Pair, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(after for _, after in self.pairs if after is not None)

    @property
    def nothing_done(self) -> bool:
        return all(before is after for before, after in self.pairs)


def repair(history: Sequence[Message]) -> Repaired:
    """Messages that every provider takes, in the order that they had.

    A call is answered by the tool messages that come right after its own message; where none does it, an "interrupted"
    result is added to the first of them, or in a new one with the id "". A result without such a call goes, and so does
    a second call or result of the same id, a tool message left empty, and an assistant message without text and calls.
    """
    return Repaired(pairs=tuple(pair for run in _runs(history) for pair in _repaired(run)))


def _runs(history: Sequence[Message]) -> Iterator[list[Message]]:
    """Each message together with the tool messages that follow it at once."""
    run: list[Message] = []
    for message in history:
        if run and message.role != "tool":
            yield run
            run = []
        run.append(message)
    if run:
        yield run


def _repaired(run: list[Message]) -> list[Pair]:
    pairs: list[Pair] = []
    open_calls: dict[str, ToolCall] = {}
    for message in run:
        if message.role == "assistant":
            pairs.append((message, _sendable(message, open_calls)))
        elif message.role == "tool":
            pairs.append((message, _answering(message, open_calls)))
        else:
            pairs.append((message, message))
    return _with_interrupted(pairs, open_calls)


def _sendable(message: Message, open_calls: dict[str, ToolCall]) -> Message | None:
    """The message without repeated calls, which are entered in `open_calls`; None if there is nothing to send."""
    parts = tuple(part for part in message.parts if not isinstance(part, ToolCall) or _enter(part, open_calls))
    return _with_parts(message, parts) if open_calls or message.text.strip() else None


def _enter(call: ToolCall, open_calls: dict[str, ToolCall]) -> bool:
    return open_calls.setdefault(call.id, call) is call


def _answering(message: Message, open_calls: dict[str, ToolCall]) -> Message | None:
    """The message with only the results that close one of `open_calls`; None if it has none."""
    parts = tuple(part for part in message.tool_results if open_calls.pop(part.call_id, None))
    return _with_parts(message, parts) if parts else None


def _with_interrupted(pairs: list[Pair], open_calls: dict[str, ToolCall]) -> list[Pair]:
    if not open_calls:
        return pairs
    added = tuple(
        ToolResult(call_id=call.id, name=call.name, text=INTERRUPTED, ok=False) for call in open_calls.values()
    )
    for position, (before, after) in enumerate(pairs):
        if after is not None and after.role == "tool":
            pairs[position] = (before, replace(after, parts=after.parts + added))
            return pairs
    return [pairs[0], (None, Message(role="tool", parts=added)), *pairs[1:]]


def _with_parts(message: Message, parts: tuple[Part, ...]) -> Message:
    return message if parts == message.parts else replace(message, parts=parts)
