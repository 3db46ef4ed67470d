"""Acts a play out: pieces of text and tool calls at their pace, cut at the reply's token cap, broken on demand."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from agents.llm.events import FinishReason, TextDelta, ToolCallDelta
from agents.sandbox.accounting import count_tokens, first_tokens
from agents.sandbox.pace import Pacing, argument_pieces, text_pieces
from agents.sandbox.script.beats import Accident, BreakKind, Call, Play, Say, Think


class ConnectionCut(Exception):
    """The connection is to be closed in the middle of the body."""


class ConnectionReset(Exception):
    """The connection is to be reset."""


@dataclass(frozen=True, kw_only=True)
class Began:
    """The reply begins."""


@dataclass(frozen=True, kw_only=True)
class ThoughtDelta:
    """A piece of a thought."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ThoughtEnded:
    """A thought is complete."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """`output_tokens` includes `thought_tokens`."""

    reason: FinishReason
    output_tokens: int
    thought_tokens: int = 0
    stop_sequence: str = ""


@dataclass(frozen=True, kw_only=True)
class Broke:
    """The wire is to show this kind of breakage, and then nothing more."""

    kind: BreakKind


Act = Began | ThoughtDelta | ThoughtEnded | TextDelta | ToolCallDelta | Ended | Broke


class OutputMeter:
    """Counts what is said, in tokens of the model, against `room`. `factor` is the model's (see `ServedModel`);
    `on_tokens` is told the tokens of every piece as it is said."""

    def __init__(self, *, room: int, factor: float, on_tokens: Callable[[int], None]) -> None:
        self._room = room
        self._factor = factor
        self._on_tokens = on_tokens
        self._used = 0.0
        self.full = room <= 0

    @property
    def tokens(self) -> int:
        return math.ceil(self._used)

    def take(self, text: str) -> tuple[str, float]:
        """The part of `text` that still fits, and its tokens; the meter is full if that is not all of it."""
        cost = count_tokens(text) * self._factor
        if self._used + cost > self._room:
            self.full = True
            fitting = max(0, math.floor((self._room - self._used) / self._factor))
            text, cost = first_tokens(text, fitting), fitting * self._factor
        before = self.tokens
        self._used += cost
        self._on_tokens(self.tokens - before)
        return text, cost


class Performance:
    """One play, acted out once. `full_reason` is why a reply ends that fills the meter."""

    def __init__(
        self, play: Play, *, meter: OutputMeter, full_reason: FinishReason, pacing: Pacing, new_id: Callable[[], str]
    ) -> None:
        self._play = play
        self._meter = meter
        self._full_reason = full_reason
        self._pacing = pacing
        self._new_id = new_id
        self._thought_tokens = 0

    async def acts(self) -> AsyncGenerator[Act, None]:
        """The acts in order. Raises ConnectionCut or ConnectionReset where the connection breaks, and waits for ever
        where the stream stalls."""
        if not (self._play.beats and isinstance(self._play.beats[0], Accident)):
            yield Began()
        calls = 0
        for beat in self._play.beats:
            if isinstance(beat, Accident):
                if broke := await self._break(beat):
                    yield broke
                return
            for piece, tokens in self._pieces(beat, index=calls):
                yield piece
                await self._pacing.rest(pace=self._play.pace, tokens=tokens)
            if self._meter.full:
                break
            calls += isinstance(beat, Call)
        yield self._ended()

    def _ended(self) -> Ended:
        full = self._meter.full
        return Ended(
            reason=self._full_reason if full else self._play.ending,
            output_tokens=self._meter.tokens,
            thought_tokens=self._thought_tokens,
            stop_sequence="" if full else self._play.stop_sequence,
        )

    def _pieces(self, beat: Say | Think | Call, *, index: int) -> Iterator[tuple[Act, float]]:
        match beat:
            case Say():
                for text, tokens in self._fitting(text_pieces(beat.text, pace=self._play.pace)):
                    yield TextDelta(text=text), tokens
            case Think():
                yield from self._thought(beat)
            case Call():
                yield from self._call(beat, index=index)

    def _thought(self, beat: Think) -> Iterator[tuple[Act, float]]:
        """A thought that the cap cuts off is never complete."""
        before = self._meter.tokens
        for text, tokens in self._fitting(text_pieces(beat.text, pace=self._play.pace)):
            self._thought_tokens = self._meter.tokens - before
            yield ThoughtDelta(text=text), tokens
        if not self._meter.full:
            yield ThoughtEnded(), 0

    def _call(self, beat: Call, *, index: int) -> Iterator[tuple[Act, float]]:
        if "whole_call" in self._play.quirks:
            _, tokens = self._meter.take(beat.name + beat.arguments)
            call_id = beat.tag + self._new_id()
            yield ToolCallDelta(index=index, id=call_id, name=beat.name, arguments=beat.arguments), tokens
            return
        name, tokens = self._meter.take(beat.name)
        if self._meter.full:
            return
        yield ToolCallDelta(index=index, id=beat.tag + self._new_id(), name=name), tokens
        for text, tokens in self._fitting(argument_pieces(beat.arguments)):
            yield ToolCallDelta(index=index, arguments=text), tokens

    def _fitting(self, pieces: Iterator[str]) -> Iterator[tuple[str, float]]:
        for piece in pieces:
            text, tokens = self._meter.take(piece)
            if text:
                yield text, tokens
            if self._meter.full:
                return

    async def _break(self, accident: Accident) -> Broke | None:
        match accident.kind:
            case "error_event" | "nested_error_event" | "failed" | "bad_json" as kind:
                return Broke(kind=kind)
            case "stall":
                await asyncio.get_running_loop().create_future()
            case "cut":
                raise ConnectionCut
            case "reset":
                raise ConnectionReset
        return None
