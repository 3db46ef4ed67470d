"""What is said in a conversation, as frozen values that no vendor owns.

A `Message` has a role and parts. The adapters map messages to a vendor's wire and back; the rows of `chat`
store `Message.to_dict()["parts"]`. `to_dict` and `from_dict` round-trip exactly, and tell their version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant", "tool"]

PARTS_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TextPart:
    """Plain text: Markdown when an assistant wrote it, what was typed when a user did."""

    text: str
    kind: Literal["text"] = "text"


@dataclass(frozen=True, kw_only=True)
class ReasoningPart:
    """A model's reasoning. `signature` is opaque and belongs to the adapter that wrote it; `origin` is the id of the
    model that thought it, the only one that it may be sent back to."""

    text: str
    signature: str = ""
    origin: str = ""
    kind: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """The model asks for `name` with `arguments`: the raw JSON text that the model wrote, possibly invalid."""

    id: str
    name: str
    arguments: str = "{}"
    kind: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """The answer to the tool call `call_id`. `ok` is False when the tool failed; the model reads `text` either way.

    `handle` is what the `recall` tool finds the whole result by, "" if it cannot. It is never sent by itself: the model
    reads it where something of the result is left out. `took_ms` is how long it took to come, None if nobody measured;
    it is for people and never sent.
    """

    call_id: str
    name: str
    text: str
    ok: bool = True
    handle: str = ""
    took_ms: int | None = None
    kind: Literal["tool_result"] = "tool_result"


Part = TextPart | ReasoningPart | ToolCall | ToolResult

_PART_TYPES: Mapping[str, type[Part]] = {
    "text": TextPart,
    "reasoning": ReasoningPart,
    "tool_call": ToolCall,
    "tool_result": ToolResult,
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One row of a conversation. A `tool` message holds only results; `id` is the row's id, or "" if it has no row."""

    role: Role
    parts: tuple[Part, ...]
    id: str = ""

    @property
    def text(self) -> str:
        """Every text part, joined. Equals the text deltas of the stream that the message was assembled from."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolResult))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form: `{"id", "role", "version", "parts": [{"kind", ...}]}`."""
        return {"id": self.id, "role": self.role, "version": PARTS_VERSION, "parts": parts_to_list(self.parts)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Message:
        """The message that `to_dict` described. ValueError for an unknown version or kind of part."""
        if data.get("version") != PARTS_VERSION:
            raise ValueError(f"message parts of version {data.get('version')!r}; this code reads {PARTS_VERSION}")
        return cls(id=data.get("id", ""), role=data["role"], parts=parts_from_list(data["parts"]))


def parts_to_list(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [dict(vars(part)) for part in parts]


def parts_from_list(items: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(_part_from_dict(item) for item in items)


def _part_from_dict(data: Mapping[str, Any]) -> Part:
    kind = str(data.get("kind"))
    if kind not in _PART_TYPES:
        raise ValueError(f"unknown kind of message part: {kind!r}")
    return _PART_TYPES[kind](**data)


def user_text(text: str, *, id: str = "") -> Message:
    return Message(role="user", parts=(TextPart(text=text),), id=id)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a provider counted for one model call, in tokens.

    `input_tokens` is the whole input, cached or not: Anthropic's three input fields are added up by the adapter, since
    cached tokens still occupy the context window. `output_tokens` includes `reasoning_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def to_dict(self) -> dict[str, int]:
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool as the model sees it. `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
