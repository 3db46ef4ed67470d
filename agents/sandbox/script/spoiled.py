"""Plays in which the fault that was asked for strikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agents.llm.events import FinishReason
from agents.sandbox.script.beats import Accident, AccidentKind, Call, Play, Say
from agents.sandbox.script.faults import Fault, FaultName

_BREAKS: Mapping[FaultName, AccidentKind] = {
    "error_event": "error_event",
    "error_event_nested": "nested_error_event",
    "response_failed": "failed",
    "bad_json": "bad_json",
    "eof": "eof",
    "cut": "cut",
    "reset": "reset",
    "stall": "stall",
}
_ENDINGS: Mapping[FaultName, FinishReason] = {"max_tokens": "length", "context_window": "context_window"}


def spoiled_text(text: str, *, fault: Fault) -> Play:
    """The answer `text` with `fault`, which is of kind text or ending. ValueError for another kind."""
    half = Say(text=text[: len(text) // 2])
    if fault.name in _BREAKS:
        return Play(beats=(half, Accident(kind=_BREAKS[fault.name])))
    if fault.name in _ENDINGS:
        return Play(beats=(half,), ending=_ENDINGS[fault.name])
    match fault.name:
        case "error_first":
            return Play(beats=(Accident(kind="error_event"),))
        case "refusal":
            return Play(beats=(), ending="refusal")
        case "redacted_thinking":
            return Play(beats=(Say(text=text),), quirks=frozenset(("redacted",)))
        case "no_usage" | "no_event_name":
            return Play(beats=(Say(text=text),), quirks=frozenset((fault.name,)))
    raise ValueError(f"no text can have the fault {fault.name}")


def spoiled_calls(calls: tuple[Call, ...], *, fault: Fault) -> Play:
    """The tool calls with `fault`, which is of kind tool. ValueError for another kind."""
    first = calls[0]
    match fault.name:
        case "eof_tool":
            half = replace(first, arguments=first.arguments[: len(first.arguments) // 2])
            return Play(beats=(half, Accident(kind="eof")))
        case "empty_tool_input":
            return Play(beats=(replace(first, arguments=""),), ending="tool_calls")
        case "tool_same_index":
            return Play(beats=calls, ending="tool_calls", quirks=frozenset(("same_index",)))
    raise ValueError(f"no tool call can have the fault {fault.name}")
