"""The accidents and errors that can be asked for by name (`fault NAME`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.sandbox.request import WireName

FaultName = Literal[
    "error_529",
    "error_500",
    "error_503",
    "rate_limit",
    "retry_after_7200",
    "spend_limit",
    "auth_401",
    "html_200",
    "html_502",
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
    "redacted_thinking",
    "no_event_name",
    "max_tokens",
    "context_window",
    "refusal",
    "eof_tool",
    "empty_tool_input",
    "tool_same_index",
]

FaultKind = Literal["refused", "text", "ending", "tool"]
"""refused: an HTTP answer instead of a reply · text: something goes wrong with a text · ending: the reply ends in an
unusual way · tool: something goes wrong with a tool call."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`times` is how often it strikes before the same question is answered; None is always, and `fault NAME N` sets
    it."""

    name: FaultName
    kind: FaultKind
    about: str
    times: int | None = None
    wires: tuple[WireName, ...] = ("messages", "chat_completions", "responses")


_FAULTS = (
    Fault(name="error_529", kind="refused", about="HTTP 529, overloaded"),
    Fault(name="error_500", kind="refused", about="HTTP 500"),
    Fault(name="error_503", kind="refused", about="HTTP 503, overloaded"),
    Fault(name="rate_limit", kind="refused", about="HTTP 429 with retry-after 1, once; then an answer", times=1),
    Fault(name="retry_after_7200", kind="refused", about="HTTP 429 with retry-after 7200 (two hours)"),
    Fault(name="spend_limit", kind="refused", about="HTTP 429 of a spend limit or an empty quota, no retry-after"),
    Fault(name="auth_401", kind="refused", about="HTTP 401, as if the key were wrong"),
    Fault(name="html_200", kind="refused", about="HTTP 200 with a web page, as a log-in proxy does"),
    Fault(name="html_502", kind="refused", about="HTTP 502 with a web page, as a broken proxy does"),
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
    Fault(name="eof_tool", kind="tool", about="the stream ends in the middle of a tool call's JSON"),
    Fault(name="empty_tool_input", kind="tool", about="a tool call whose arguments are never written"),
    Fault(
        name="tool_same_index",
        kind="tool",
        about="two tool calls that both say index 0, as some gateways do (Chat Completions wire only)",
        wires=("chat_completions",),
    ),
)


def all_faults() -> tuple[Fault, ...]:
    return _FAULTS


def find_fault(name: str) -> Fault | None:
    return next((fault for fault in _FAULTS if fault.name == name), None)
