"""What a request weighs in tokens, part by part, offline.

OpenAI models are counted with their own vocabulary. Claude has no public one: its count is o200k times a factor per
generation (medians of recorded counts: 1.17-1.24 up to 4.6, 1.44-1.54 from 4.7), and calibration does the rest: a
counter may hold a correction, by which everything it gives out is multiplied. What is kept with a row is the count
without it, so that a correction that changes makes nobody count again. Every number that is given out is rounded up by
itself, so that sums of them are exact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.llm.capabilities import Capabilities
from agents.llm.correction import UNCORRECTED, Correction
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolSpec
from agents.llm.vocabulary import EncodingName, load_encoding

Wire = Literal["anthropic", "openai"]

# tiktoken panics, with a BaseException, on a million spaces; slices cost 0.002 % in tokens.
_SLICE = 100_000


@dataclass(frozen=True, kw_only=True)
class _Framing:
    """Tokens that a wire adds around content. Only `message` and `request` are published; the rest leans upward."""

    message: int
    call: int
    result: int
    request: int
    hidden_tool_prompt: int


# OpenAI's cookbook: 3 per message and its role, 3 to prime the reply. Anthropic: "hello, world" alone counts 10 up to
# 4.6 and 15 from 4.7; tools bring a hidden prompt of 346 tokens.
_FRAMINGS: dict[Wire, _Framing] = {
    "anthropic": _Framing(message=4, call=16, result=10, request=4, hidden_tool_prompt=346),
    "openai": _Framing(message=4, call=8, result=8, request=3, hidden_tool_prompt=0),
}


@dataclass(frozen=True, kw_only=True)
class TokenCounter:
    """Counts what is really sent. `factor` turns tokens of `encoding` into tokens of the model (three decimals);
    `correction` is what the model's own reports have taught since."""

    encoding: EncodingName = "o200k_base"
    factor: float = 1.0
    wire: Wire = "anthropic"
    correction: Correction = UNCORRECTED

    @property
    def name(self) -> str:
        """Such as "o200k_base*1.25@anthropic". Counters of one name count alike, but for their correction: a stored
        count is theirs alone."""
        return f"{self.encoding}*{self.factor:g}@{self.wire}"

    def corrected_by(self, correction: Correction) -> TokenCounter:
        """Without a factor the vocabulary is the model's own: then what is reported below our count is the care that we
        take with the wire's framing, and stays."""
        return replace(self, correction=correction.upward if self.factor == 1 else correction)

    def measured_by(self, correction: int) -> TokenCounter:
        """The counter of one message, off by `correction` (thousandths) as reports have told."""
        return self.corrected_by(replace(self.correction, messages=correction))

    @property
    def overhead(self) -> int:
        """Tokens of a request without any content."""
        return self.correction.of_frame(self._scaled(self._framing.request))

    def text(self, text: str) -> int:
        return self.corrected(self._scaled(self.raw(text)))

    def message(self, message: Message) -> int:
        """All of it: hand in what is sent, without the reasoning that is not."""
        return self.corrected(self.stored_count(message))

    def corrected(self, stored: int) -> int:
        """What a message counts now, from the count that is kept with its row."""
        return self.correction.of_messages(stored)

    def stored_count(self, message: Message) -> int:
        """Without the correction."""
        parts = sum(self._raw_part(part) for part in message.parts)
        # OpenAI sends every result as a message of its own, whose frame is part of `result`.
        frame = 0 if message.role == "tool" else self._framing.message
        return self._scaled(frame + parts)

    def instructions(self, text: str) -> int:
        if not text:
            return 0
        return self.correction.of_frame(self._scaled(self._framing.message + self.raw(text)))

    def tools(self, specs: Sequence[ToolSpec]) -> int:
        if not specs:
            return 0
        raw = self._raw_functions(specs) if self.wire == "openai" else sum(self.raw(_compact(spec)) for spec in specs)
        return self.correction.of_frame(self._framing.hidden_tool_prompt + self._scaled(raw))

    def raw(self, text: str) -> int:
        """Tokens in the vocabulary itself. Special-token look-alikes and lone surrogates are ordinary text."""
        encode = load_encoding(self.encoding).encode_ordinary
        return sum(len(encode(text[start : start + _SLICE])) for start in range(0, len(text), _SLICE))

    @property
    def _framing(self) -> _Framing:
        return _FRAMINGS[self.wire]

    def _scaled(self, raw: int) -> int:
        """Rounded up, in whole numbers: a float would make 11.000000000000002 of 1.1 * 10."""
        return -(-raw * round(self.factor * 1000) // 1000)

    def _raw_part(self, part: Part) -> int:
        if isinstance(part, ReasoningPart):
            # Where the text is hidden or a summary, the signature holds the whole in base64: a token takes four or more
            # of its characters.
            return max(self.raw(part.text), len(part.signature) // 4)
        if isinstance(part, TextPart):
            return self.raw(part.text)
        if isinstance(part, ToolCall):
            return self._framing.call + self.raw(part.name) + self.raw(part.arguments)
        return self._framing.result + self.raw(part.text)

    def _raw_functions(self, specs: Sequence[ToolSpec]) -> int:
        """OpenAI's cookbook formula: tools are shown to the model as declarations, not as JSON."""
        per_function = 7 if self.encoding == "o200k_base" else 10
        return 12 + sum(per_function + self._raw_function(spec) for spec in specs)

    def _raw_function(self, spec: ToolSpec) -> int:
        properties = spec.parameters.get("properties", {})
        head = self.raw(f"{spec.name}:{spec.description.removesuffix('.')}")
        body = sum(self._raw_property(name, schema) for name, schema in properties.items())
        return head + (3 + body if properties else 0)

    def _raw_property(self, name: str, schema: Mapping[str, Any]) -> int:
        """The formula knows flat properties only; whatever else a schema holds is counted as the JSON that it is."""
        description = str(schema.get("description", "")).removesuffix(".")
        count = 3 + self.raw(f"{name}:{schema.get('type', '')}:{description}")
        if "enum" in schema:
            count += -3 + sum(3 + self.raw(str(item)) for item in schema["enum"])
        rest = {key: value for key, value in schema.items() if key not in ("type", "description", "enum")}
        return count + (self.raw(_json(rest)) if rest else 0)


def counter_for(wire: Wire, able: Capabilities) -> TokenCounter:
    """The counter that fits a model."""
    return TokenCounter(encoding=able.encoding, factor=able.token_factor, wire=wire)


def _compact(spec: ToolSpec) -> str:
    return _json({"name": spec.name, "description": spec.description, "input_schema": spec.parameters})


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
