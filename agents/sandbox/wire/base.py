"""The seam of a wire protocol: how a request is read, how a reply and an error are written.

A new protocol is one more `Wire` in `agents.sandbox.app`; the script, the pace, the limits and the faults stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from agents.sandbox.limits import Refusal
from agents.sandbox.performance import Act
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.served import ServedModel, Vendor


class WireError(Exception):
    """A request is refused with an HTTP status. The fields are those of the vendors' error bodies.

    `retry_after` is in seconds; None sends no such header. `headers` are sent with the error.
    """

    def __init__(
        self,
        *,
        status: int,
        type: str,
        message: str,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.headers: dict[str, str] = {} if retry_after is None else {"retry-after": str(retry_after)}


class Reply(Protocol):
    """Writes one reply, act by act. A stream and a single JSON document are two kinds of it."""

    def write(self, act: Act) -> bytes:
        """The bytes that `act` adds, maybe none."""

    def close(self) -> bytes:
        """The last bytes, after the last act."""


class Wire(Protocol):
    """One vendor's protocol. Headers come with names in lower case. Every method that refuses raises WireError."""

    vendor: Vendor
    request_id_header: str

    def credential(self, headers: Mapping[str, str]) -> str:
        """The key that the client sent; refuses a request without one, or without another header that must be there."""

    def read(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> SandboxRequest:
        """The request that `body` describes, once it has passed every rule of the vendor."""

    def reply(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> Reply: ...

    def model_card(self, model: ServedModel) -> dict[str, Any]: ...

    def model_list(self, models: Sequence[ServedModel]) -> dict[str, Any]: ...

    def error_body(self, error: WireError, *, request_id: str) -> dict[str, Any]: ...

    def not_json(self, detail: str) -> WireError: ...

    def too_large(self) -> WireError: ...

    def unknown_model(self, model_id: str) -> WireError: ...

    def unknown_path(self, *, method: str, path: str) -> WireError: ...

    def rate_limited(self, refusal: Refusal) -> WireError: ...

    def fault(self, name: str) -> WireError:
        """The error that `fault NAME` asks for. KeyError for a name that is no error of this wire."""


def sse_event(data: Mapping[str, Any], *, event: str = "") -> bytes:
    """One server-sent event with JSON data; `event` is its name, "" for none."""
    head = b"event: " + event.encode() + b"\n" if event else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"
