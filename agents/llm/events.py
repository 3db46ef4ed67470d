"""What a `ChatModel` yields while it answers: a closed union, each kind with a literal name.

A stream is any number of deltas and at most one `CallFinished`, which comes last. A stream that ends without
`CallFinished` was cut: adapters raise `errors.ProviderBadStream` instead of ending silently (both SDKs report a clean
EOF as success). `CallAdmitted` is for the governor and reaches nobody beyond it; `Waiting`, `CallGranted` and
`CallRefitted` come only from a governed model, before the first delta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.llm.messages import Message, Usage
from agents.llm.rates import Rates

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
    """The answer takes another call, `call_id`: in another form because nothing came of the one before, or to go on
    where its reply was cut. Comes from whoever makes more than one call of a request, never from an adapter."""

    call_id: str
    kind: Literal["call_retried"] = "call_retried"


@dataclass(frozen=True, kw_only=True)
class CallAdmitted:
    """The provider has begun to answer. `rates` comes with its headers; `usage` a moment later, where the wire tells
    what the input was before the answer (its output is not final then)."""

    rates: Rates | None = None
    usage: Usage | None = None
    kind: Literal["call_admitted"] = "call_admitted"


@dataclass(frozen=True, kw_only=True)
class CallGranted:
    """The governor let the call go after it had held it back for `waited_ms`."""

    waited_ms: int
    kind: Literal["call_granted"] = "call_granted"


@dataclass(frozen=True, kw_only=True)
class CallRefitted:
    """The call is sent in another form than it was built, so that its pool can take it: with a reply of at most
    `max_output_tokens`, and with `messages` of so many `tokens` in place of its own, if there are any. `refit` builds
    it smaller still, as `ModelRequest.refit` does."""

    max_output_tokens: int
    messages: tuple[Message, ...] = ()
    tokens: tuple[int, ...] = ()
    refit: Callable[[int, bool], Any] | None = field(default=None, compare=False)
    kind: Literal["call_refitted"] = "call_refitted"


ModelEvent = (
    TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | CallFinished
    | Waiting
    | CallRetried
    | CallAdmitted
    | CallGranted
    | CallRefitted
)

BEFORE_CONTENT = (Waiting, CallRetried, CallAdmitted, CallGranted, CallRefitted)
"""Kinds of event that say nothing of an answer."""
