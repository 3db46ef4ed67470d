"""Writes a reply of the Responses API, as a stream of named events or as one document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from agents.llm.events import FinishReason
from agents.sandbox.performance import Act, Began, Broke, Ended
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.wire.base import WireError, sse_event
from agents.sandbox.wire.openai_caching import cached_details
from agents.sandbox.wire.openai_errors import error_body
from agents.sandbox.wire.responses.items import Event, Output

_INCOMPLETE: dict[FinishReason, str] = {
    "length": "max_output_tokens",
    "context_window": "max_output_tokens",
    "refusal": "content_filter",
}
_BROKEN_EVENT = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","del\n\n'
_OVERLOADED = WireError(
    status=200, type="server_error", code="server_is_overloaded", message="The server is currently overloaded."
)
_FAILED = {"code": "server_error", "message": "The model failed to generate a response."}


class ResponsesStream:
    """Server-sent events with names and running numbers; the last one tells the end, and nothing follows it."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> None:
        self._document = Document(request, reply_id=reply_id, created=created, quirks=quirks)
        self._quirks = quirks
        self._number = 0

    def write(self, act: Act) -> bytes:
        match act:
            case Began():
                begun = self._document.whole(status="in_progress")
                events = [{"type": kind, "response": begun} for kind in ("response.created", "response.in_progress")]
                return b"".join(map(self._written, events))
            case Ended():
                return b"".join(map(self._written, self._ending(act)))
            case Broke(kind="bad_json"):
                return _BROKEN_EVENT
            case Broke():
                return self._written(self._broken(act))
            case _:
                return b"".join(map(self._written, self._document.output.take(act)))

    def close(self) -> bytes:
        return b""

    def _ending(self, act: Ended) -> Iterator[Event]:
        yield from self._document.output.close(complete=act.reason not in _INCOMPLETE)
        kind = "response.incomplete" if act.reason in _INCOMPLETE else "response.completed"
        yield {"type": kind, "response": self._document.ended(act)}

    def _broken(self, act: Broke) -> Event:
        match act.kind:
            case "failed":
                return {"type": "response.failed", "response": self._document.failed()}
            case "nested_error_event":
                return {"type": "error", **error_body(_OVERLOADED)}
            case _:
                return {"type": "error", "code": _OVERLOADED.code, "message": _OVERLOADED.message, "param": None}

    def _written(self, event: Event) -> bytes:
        numbered = {**event, "sequence_number": self._number}
        self._number += 1
        return sse_event(numbered, event="" if "no_event_name" in self._quirks else event["type"])


class ResponsesDocument:
    """One JSON document, written when the reply has ended; a reply that broke is torn."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> None:
        self._document = Document(request, reply_id=reply_id, created=created, quirks=quirks)
        self._written = b""

    def write(self, act: Act) -> bytes:
        match act:
            case Ended():
                list(self._document.output.close(complete=act.reason not in _INCOMPLETE))
                self._written = orjson.dumps(self._document.ended(act))
            case Broke(kind="failed"):
                self._written = orjson.dumps(self._document.failed())
            case Broke(kind="error_event" | "nested_error_event"):
                self._written = orjson.dumps(error_body(_OVERLOADED))
            case _:
                list(self._document.output.take(act))
        return b""

    def close(self) -> bytes:
        return self._written or orjson.dumps(self._document.whole(status="in_progress"))[:-20]


class Document:
    """The response object, which a stream tells at its beginning and at its end."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> None:
        self.output = Output(request, reply_id=reply_id)
        self._request = request
        self._reply_id = reply_id
        self._created = created
        self._with_usage = "no_usage" not in quirks

    def ended(self, act: Ended) -> dict[str, Any]:
        reason = _INCOMPLETE.get(act.reason)
        counted = usage(self._request, act=act) if self._with_usage else None
        status = "incomplete" if reason else "completed"
        return self.whole(status=status) | {
            "incomplete_details": {"reason": reason} if reason else None,
            "usage": counted,
        }

    def failed(self) -> dict[str, Any]:
        return self.whole(status="failed") | {"error": _FAILED}

    def whole(self, *, status: str) -> dict[str, Any]:
        """The response as it is now, without usage."""
        asked = self._request.body
        reasoning = asked.get("reasoning") or {}
        return {
            "id": "resp_" + self._reply_id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": self._request.model.id,
            "output": self.output.items,
            "parallel_tool_calls": not self._request.one_call,
            "previous_response_id": None,
            "reasoning": {"effort": self._request.effort, "summary": reasoning.get("summary")},
            "service_tier": "default",
            "store": asked.get("store") is not False,
            "temperature": asked.get("temperature", 1.0),
            "text": {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice") or "auto",
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p", 1.0),
            "truncation": asked.get("truncation") or "disabled",
            "usage": None,
            "metadata": asked.get("metadata") or {},
        }


def usage(request: SandboxRequest, *, act: Ended) -> dict[str, Any]:
    return {
        "input_tokens": request.input_tokens,
        "input_tokens_details": cached_details(request.cached, model=request.model),
        "output_tokens": act.output_tokens,
        "output_tokens_details": {"reasoning_tokens": act.thought_tokens},
        "total_tokens": request.input_tokens + act.output_tokens,
    }
