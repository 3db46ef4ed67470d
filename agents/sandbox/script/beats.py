"""What a play is made of: beats in order, an ending, and how it is delivered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agents.llm.events import FinishReason

BreakKind = Literal["error_event", "nested_error_event", "failed", "bad_json"]
AccidentKind = BreakKind | Literal["eof", "cut", "reset", "stall"]
Quirk = Literal[
    "no_event_name",
    "no_usage",
    "usage_early",
    "no_done",
    "extra_keys",
    "redacted",
    "same_index",
    "no_index",
    "whole_call",
]
"""How a wire is to deviate from its own form."""

Pace = Literal["lively", "slow"]


@dataclass(frozen=True, kw_only=True)
class Say:
    text: str


@dataclass(frozen=True, kw_only=True)
class Think:
    """A thought, which comes before what is said."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call. `arguments` is the JSON text to write; "" writes none at all. `tag` becomes part of its id."""

    name: str
    arguments: str
    tag: str = ""


@dataclass(frozen=True, kw_only=True)
class Accident:
    """The stream breaks here."""

    kind: AccidentKind


Beat = Say | Think | Call | Accident


@dataclass(frozen=True, kw_only=True)
class Play:
    """`stop_sequence` is the client's stop text that ended it, "" if none did."""

    beats: tuple[Beat, ...]
    ending: FinishReason = "stop"
    pace: Pace = "lively"
    quirks: frozenset[Quirk] = frozenset()
    stop_sequence: str = ""

    def stopped_at(self, stops: tuple[str, ...]) -> Play:
        """The same play, ended before the first of the client's stop texts that it would say."""
        for place, beat in enumerate(self.beats):
            found = _first_stop(beat, stops)
            if found is not None:
                said = Say(text=found[0])
                return replace(self, beats=(*self.beats[:place], said), ending="stop", stop_sequence=found[1])
        return self


def _first_stop(beat: Beat, stops: tuple[str, ...]) -> tuple[str, str] | None:
    """The text before the earliest stop text, and that stop text."""
    if not isinstance(beat, Say):
        return None
    hits = [(beat.text.index(stop), stop) for stop in stops if stop and stop in beat.text]
    if not hits:
        return None
    place, stop = min(hits)
    return beat.text[:place], stop
