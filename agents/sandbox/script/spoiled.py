"""Plays in which the fault that was asked for strikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agents.llm.events import FinishReason
from agents.sandbox.script.beats import Accident, AccidentKind, Call, Play, Quirk, Say
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

_QUIRKS: Mapping[FaultName, Quirk] = {
    "redacted_thinking": "redacted",
    "no_usage": "no_usage",
    "usage_early": "usage_early",
    "no_event_name": "no_event_name",
    "no_done": "no_done",
    "extra_keys": "extra_keys",
    "tool_same_index": "same_index",
    "tool_no_index": "no_index",
    "tool_whole": "whole_call",
}


def spoiled_text(text: str, *, fault: Fault) -> Play:
    """The answer `text` with `fault`, which is of kind text or ending. ValueError for another kind."""
    half = Say(text=text[: len(text) // 2])
    if fault.name in _BREAKS:
        return Play(beats=(half, Accident(kind=_BREAKS[fault.name])))
    if fault.name in _ENDINGS:
        return Play(beats=(half,), ending=_ENDINGS[fault.name])
    if fault.name in _QUIRKS:
        return Play(beats=(Say(text=text),), quirks=frozenset((_QUIRKS[fault.name],)))
    match fault.name:
        case "error_first":
            return Play(beats=(Accident(kind="error_event"),))
        case "refusal":
            return Play(beats=(), ending="refusal")
        case "no_rate_headers":
            return Play(beats=(Say(text=text),))
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
        case "tool_stop":
            return Play(beats=calls, ending="stop")
    if fault.name in _QUIRKS:
        return Play(beats=calls, ending="tool_calls", quirks=frozenset((_QUIRKS[fault.name],)))
    raise ValueError(f"no tool call can have the fault {fault.name}")
