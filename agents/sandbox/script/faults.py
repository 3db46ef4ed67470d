"""The accidents and errors that can be asked for by name (`fault NAME`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.sandbox.request import WireName

FaultName = Literal[
    "error_529",
    "error_500",
    "error_503",
    "error_504",
    "rate_limit",
    "retry_after_7200",
    "ramp_limit",
    "never_fits",
    "spend_limit",
    "credit_low",
    "auth_401",
    "auth_401_once",
    "overflow",
    "flat_error",
    "html_200",
    "html_502",
    "json_error_200",
    "empty_body",
    "no_stream_options",
    "error_first",
    "error_event",
    "error_event_nested",
    "response_failed",
    "bad_json",
    "eof",
    "cut",
    "reset",
    "stall",
    "no_usage",
    "usage_early",
    "no_rate_headers",
    "no_done",
    "extra_keys",
    "redacted_thinking",
    "no_event_name",
    "max_tokens",
    "context_window",
    "refusal",
    "eof_tool",
    "empty_tool_input",
    "tool_same_index",
    "tool_no_index",
    "tool_whole",
    "tool_stop",
]

FaultKind = Literal["refused", "text", "ending", "tool"]
"""refused: an HTTP answer instead of a reply · text: something goes wrong with a text · ending: the reply ends in an
unusual way · tool: something goes wrong with a tool call."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`times` is how often it strikes before the same question is answered; None is always, and `fault NAME N` sets
    it. `closes`: it says something of the whole account, so that a client holds back everybody's calls for long."""

    name: FaultName
    kind: FaultKind
    about: str
    times: int | None = None
    wires: tuple[WireName, ...] = ("messages", "chat_completions", "responses")
    closes: bool = False


_CHAT: tuple[WireName, ...] = ("chat_completions",)

_REFUSED = (
    Fault(name="error_529", kind="refused", about="HTTP 529, overloaded"),
    Fault(name="error_500", kind="refused", about="HTTP 500"),
    Fault(name="error_503", kind="refused", about="HTTP 503, overloaded"),
    Fault(name="error_504", kind="refused", about="HTTP 504, a time-out behind the provider's door"),
    Fault(name="rate_limit", kind="refused", about="HTTP 429 with retry-after 1, once; then an answer", times=1),
    Fault(name="retry_after_7200", kind="refused", about="HTTP 429 with retry-after 7200 (two hours)", closes=True),
    Fault(name="ramp_limit", kind="refused", about="HTTP 429 because usage grew too fast, with retry-after 5"),
    Fault(
        name="never_fits",
        kind="refused",
        about="HTTP 429 for a request that is larger than the limit itself (OpenAI wires only)",
        wires=("chat_completions", "responses"),
        closes=True,
    ),
    Fault(
        name="spend_limit",
        kind="refused",
        about="HTTP 429 of a spend limit or an empty quota, no retry-after",
        closes=True,
    ),
    Fault(
        name="credit_low",
        kind="refused",
        about="HTTP 400 of an empty account (Anthropic wire only)",
        wires=("messages",),
        closes=True,
    ),
    Fault(name="auth_401", kind="refused", about="HTTP 401, as if the key were wrong"),
    Fault(name="auth_401_once", kind="refused", about="HTTP 401 once, as for a token that has run out", times=1),
    Fault(name="overflow", kind="refused", about="HTTP 400, as if the prompt were over the context window"),
    Fault(
        name="flat_error",
        kind="refused",
        about="HTTP 400 with an error body that has no envelope, as some gateways send (OpenAI wires only)",
        wires=("chat_completions", "responses"),
    ),
    Fault(name="html_200", kind="refused", about="HTTP 200 with a web page, as a log-in proxy does"),
    Fault(name="html_502", kind="refused", about="HTTP 502 with a web page, as a broken proxy does"),
    Fault(name="json_error_200", kind="refused", about="HTTP 200 with an error in its JSON, as some gateways do"),
    Fault(name="empty_body", kind="refused", about="HTTP 200 without a body"),
    Fault(
        name="no_stream_options",
        kind="refused",
        about="HTTP 400 for `stream_options`, as older gateways answer (Chat Completions wire only)",
        wires=_CHAT,
    ),
)
_IN_THE_TEXT = (
    Fault(name="error_first", kind="text", about="an error event as the first event of the stream"),
    Fault(name="error_event", kind="text", about="an error event in the middle of the text"),
    Fault(
        name="error_event_nested",
        kind="text",
        about="an error event whose error is an object of its own (Responses wire only)",
        wires=("responses",),
    ),
    Fault(
        name="response_failed",
        kind="text",
        about="the response ends as failed in the middle of the text (Responses wire only)",
        wires=("responses",),
    ),
    Fault(name="bad_json", kind="text", about="an event with broken JSON in the middle of the text"),
    Fault(name="eof", kind="text", about="the stream ends cleanly in the middle of the text, with no final event"),
    Fault(name="cut", kind="text", about="the connection is closed in the middle of a chunked body"),
    Fault(name="reset", kind="text", about="the connection is reset (TCP RST) in the middle of the text"),
    Fault(name="stall", kind="text", about="some text, then nothing more until the client gives up"),
    Fault(name="no_usage", kind="text", about="a whole answer without any token usage"),
    Fault(
        name="usage_early",
        kind="text",
        about="usage on the chunk with the finish reason, with none of its own (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(name="no_rate_headers", kind="text", about="a whole answer without the headers of rate limits"),
    Fault(
        name="no_done",
        kind="text",
        about="a whole answer whose stream lacks `[DONE]` (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(
        name="extra_keys",
        kind="text",
        about="keep-alive comments and keys that no API has, as gateways send (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(
        name="redacted_thinking",
        kind="text",
        about="the thought of `think N` comes as a block that shows nothing (Anthropic wire only)",
        wires=("messages",),
    ),
    Fault(
        name="no_event_name",
        kind="text",
        about="every event lacks its `event:` line (Anthropic wire only)",
        wires=("messages",),
    ),
    Fault(name="max_tokens", kind="ending", about="the answer ends as if it had reached its maximum length"),
    Fault(name="context_window", kind="ending", about="the answer ends as if the context window were full"),
    Fault(name="refusal", kind="ending", about="a safety refusal without any text"),
)
_IN_TOOL_CALLS = (
    Fault(name="eof_tool", kind="tool", about="the stream ends in the middle of a tool call's JSON"),
    Fault(name="empty_tool_input", kind="tool", about="a tool call whose arguments are never written"),
    Fault(
        name="tool_same_index",
        kind="tool",
        about="two tool calls that both say index 0, as some gateways do (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(
        name="tool_no_index",
        kind="tool",
        about="tool calls that say no index, as some gateways do (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(
        name="tool_whole",
        kind="tool",
        about="a whole tool call in one piece, as some gateways do (Chat Completions wire only)",
        wires=_CHAT,
    ),
    Fault(
        name="tool_stop",
        kind="tool",
        about='tool calls under the finish reason "stop", as some gateways send (Chat Completions wire only)',
        wires=_CHAT,
    ),
)
_FAULTS = (*_REFUSED, *_IN_THE_TEXT, *_IN_TOOL_CALLS)


def all_faults() -> tuple[Fault, ...]:
    return _FAULTS


def find_fault(name: str) -> Fault | None:
    return next((fault for fault in _FAULTS if fault.name == name), None)
