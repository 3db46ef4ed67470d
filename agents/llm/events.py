"""What a `ChatModel` yields while it answers: a closed union, each kind with a literal name.

A stream is any number of deltas and at most one `CallFinished`, which comes last. A stream that ends without
`CallFinished` was cut: adapters raise `errors.ProviderBadStream` instead of ending silently (both SDKs report a clean
EOF as success). `Waiting` comes only from a governed model, before the first delta.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.llm.messages import Usage

FinishReason = Literal["stop", "tool_calls", "length", "refusal", "context_window"]
"""stop: the model ended its answer · tool_calls: it asks for tools · length: the reply cap or the model's maximum cut
it · refusal: a safety filter ended it · context_window: the window was full."""

WaitReason = Literal["pacing", "provider_rate_limited", "provider_overloaded", "quota"]


@dataclass(frozen=True, kw_only=True)
class TextDelta:
    text: str
    kind: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, kw_only=True)
class ReasoningDelta:
    """`signature` comes once, at the end of its block; `origin` with it."""

    text: str = ""
    signature: str = ""
    origin: str = ""
    kind: Literal["reasoning_delta"] = "reasoning_delta"


@dataclass(frozen=True, kw_only=True)
class ToolCallDelta:
    """A piece of tool call number `index` (0, 1, ... in order of appearance; adapters see to it that two calls never
    share one). `id` and `name` are set on the first piece only; `arguments` is the next piece of JSON text."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    kind: Literal["tool_call_delta"] = "tool_call_delta"


@dataclass(frozen=True, kw_only=True)
class CallFinished:
    """The call is complete. `usage` is None where the provider reported none."""

    finish_reason: FinishReason
    usage: Usage | None
    request_id: str = ""
    kind: Literal["call_finished"] = "call_finished"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The governor holds the call back until about `retry_at` (Unix seconds). `used` of `limit` tokens or requests are
    taken in `pool`; `position` 0 is next."""

    reason: WaitReason
    pool: str
    retry_at: float
    used: int
    limit: int
    position: int
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True, kw_only=True)
class CallRetried:
    """The call failed before its first content, and is made once more in another form, as the call `call_id`. Comes
    from a model that learns what its provider refuses, never from an adapter."""

    call_id: str
    kind: Literal["call_retried"] = "call_retried"


ModelEvent = TextDelta | ReasoningDelta | ToolCallDelta | CallFinished | Waiting | CallRetried
