"""A request that is refused for a reason its sender can understand and act on.

One tree for the socket, the REST API and the pages: each shows `code`, `message` and `params`, and only the transport
knows what status or frame that becomes (`tokenproject.api`, `chat.protocol`). `message` says what happened, what was
kept and what to do. It lives on the lowest floor, so that every floor can raise it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar


class Refusal(Exception):
    """Base of the tree. `code` is one of the stable error codes, `status` its HTTP status."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(
        self,
        message: str,
        *,
        params: dict[str, Any] | None = None,
        retryable: bool = False,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.params = params or {}
        self.retryable = retryable
        self.retry_at = retry_at


class Unauthenticated(Refusal):
    code = "unauthenticated"
    status = 401


class Forbidden(Refusal):
    code = "forbidden"
    status = 403


class NotFound(Refusal):
    """Also for another user's row: nobody learns that it exists."""

    code = "not_found"
    status = 404


class InvalidRequest(Refusal):
    """`params["fields"]` maps each bad field to what it must be."""

    code = "invalid_request"
    status = 422

    @classmethod
    def of_fields(cls, fields: dict[str, str]) -> InvalidRequest:
        named = "; ".join(f"{name}: {fault}" for name, fault in fields.items())
        return cls(f"Nothing was changed. Please correct: {named}", params={"fields": fields})


class MalformedRequest(Refusal):
    code = "bad_frame"
    status = 400


class IdempotencyConflict(Refusal):
    code = "idempotency_conflict"
    status = 409


class StaleParent(Refusal):
    code = "stale_parent"
    status = 409


class TurnNotRunning(Refusal):
    code = "turn_not_running"
    status = 409


class TurnNotWaiting(Refusal):
    code = "turn_not_waiting"
    status = 409


class ApprovalDecided(Refusal):
    code = "approval_decided"
    status = 409


class QueueFull(Refusal):
    code = "queue_full"
    status = 409


class VersionConflict(Refusal):
    code = "invalid_request"
    status = 409


class MessageTooLong(Refusal):
    code = "message_too_long"
    status = 413


class PayloadTooLarge(Refusal):
    code = "payload_too_large"
    status = 413


class TooManyRequests(Refusal):
    code = "quota_exceeded"
    status = 429


class NotReady(Refusal):
    code = "server_busy"
    status = 503
