"""Providers that count by rules of their own, to measure our counts against. None of them uses our formula.

`RecordedRatios` draws for each text how many tokens of the model one of o200k_base is, from ratios of recorded official
counts (medians with 10th and 99th percentile, published with an open reconstruction of Claude's tokenizer). `Ctok` is
that reconstruction itself. `OtherVocabulary` is a model behind a gateway of which we know nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from random import Random
from typing import Literal, NamedTuple, Protocol

from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolSpec
from agents.llm.tokens import TokenCounter
from bench.corpora import Kind

Generation = Literal["≤ 4.6", "≥ 4.7"]


class Ratio(NamedTuple):
    """Tokens of Claude for one of o200k_base."""

    p10: float
    median: float
    p99: float


# Where only a range of medians was recorded (German: of four Western languages), it stands for the percentiles.
RECORDED: Mapping[Generation, Mapping[Kind, Ratio]] = {
    "≤ 4.6": {
        "English": Ratio(1.00, 1.08, 1.25),
        "German": Ratio(1.34, 1.465, 1.59),
        "Chinese": Ratio(1.26, 1.36, 1.46),
        "code": Ratio(1.13, 1.17, 1.28),
        "JSON": Ratio(1.12, 1.21, 1.42),
    },
    "≥ 4.7": {
        "English": Ratio(1.45, 1.57, 1.90),
        "German": Ratio(1.72, 1.95, 2.25),
        "Chinese": Ratio(1.31, 1.36, 1.52),
        "code": Ratio(1.38, 1.46, 1.57),
        "JSON": Ratio(1.30, 1.45, 1.93),
    },
}
_Z10, _Z99 = 1.2816, 2.3263  # of the normal distribution

_PER_MESSAGE, _PER_CALL, _PER_RESULT, _FRAME, _TOOL_PROMPT = 3, 10, 6, 3, 346

_count_o200k = cache(TokenCounter(encoding="o200k_base").raw)
_count_cl100k = cache(TokenCounter(encoding="cl100k_base").raw)


class TextCounts(Protocol):
    """Tokens of one text. `source` names where it comes from, `kind` what it is."""

    def __call__(self, text: str, *, kind: Kind, source: str) -> float: ...


class RecordedRatios:
    """`common` is the share of the spread that the texts of one kind have in common within a conversation, because one
    person, one project or one tool writes them; the rest is each text's own."""

    def __init__(self, generation: Generation, *, random: Random, common: float) -> None:
        self._ratios = RECORDED[generation]
        self._random = random
        self._common = common
        self._of_kind: dict[Kind, float] = {}
        self._of_source: dict[str, float] = {}

    def __call__(self, text: str, *, kind: Kind, source: str) -> float:
        """A text that is cut keeps its ratio."""
        if source not in self._of_source:
            shared = self._of_kind.setdefault(kind, self._random.gauss(0, 1))
            own = self._random.gauss(0, 1)
            self._of_source[source] = math.sqrt(self._common) * shared + math.sqrt(1 - self._common) * own
        return _count_o200k(text) * _at(self._ratios[kind], self._of_source[source])


def _at(ratio: Ratio, z: float) -> float:
    """`z` standard deviations from the median, on a logarithmic scale, as wide on each side as was recorded there."""
    wide = math.log(ratio.p99 / ratio.median) / _Z99 if z > 0 else math.log(ratio.median / ratio.p10) / _Z10
    return ratio.median * math.exp(z * wide)


class Ctok:
    """ImportError where the package is not there. It is made for Python 3.12 and runs on 3.11."""

    def __init__(self, generation: Generation) -> None:
        count = import_module("ctok").token_count
        version = "3.0" if generation == "≤ 4.6" else "4.8"
        frame = count("", version)
        self._count = cache(lambda text: count(text, version) - frame)

    def __call__(self, text: str, *, kind: Kind, source: str) -> float:
        return float(self._count(text))


class OtherVocabulary:
    def __call__(self, text: str, *, kind: Kind, source: str) -> float:
        return _count_cl100k(text)


def total(
    messages: tuple[Message, ...],
    *,
    kinds: Mapping[str, Kind],
    instructions: str,
    tools: tuple[ToolSpec, ...],
    count: TextCounts,
) -> int:
    """Input tokens of a request. What frames the texts is not what we take it for, either. `kinds` by message id."""
    schemas = json.dumps([[tool.name, tool.description, dict(tool.parameters)] for tool in tools])
    frame = _FRAME + _TOOL_PROMPT + count(instructions, kind="English", source="instructions")
    frame += count(schemas, kind="JSON", source="tools")
    said = (
        _PER_MESSAGE
        + sum(_part(part, kind=kinds[message.id], source=message.id, count=count) for part in message.parts)
        for message in messages
    )
    return round(frame + sum(said))


def output_tokens(message: Message, *, kinds: Mapping[str, Kind], count: TextCounts) -> int:
    """Of a reply, as reported when it was written: what it holds, without what frames it when it is sent back."""
    return round(sum(_part(part, kind=kinds[message.id], source=message.id, count=count) for part in message.parts))


def _part(part: Part, *, kind: Kind, source: str, count: TextCounts) -> float:
    match part:
        case TextPart():
            return count(part.text, kind=kind, source=source)
        case ToolCall():
            return _PER_CALL + count(f"{part.name} {part.arguments}", kind="JSON", source=f"{source} call")
        case ReasoningPart():
            return 0
        case _:
            return _PER_RESULT + count(part.text, kind=kind, source=source)
