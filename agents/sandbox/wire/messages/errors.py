"""The errors of the Messages API that are no matter of the body's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agents.sandbox.limits import BucketLevel, Refusal, whole_seconds
from agents.sandbox.wire.base import WireError

FAULTS: Mapping[str, Callable[[], WireError]] = {
    "error_529": partial(WireError, status=529, type="overloaded_error", message="Overloaded"),
    "error_500": partial(WireError, status=500, type="api_error", message="Internal server error"),
    "error_503": partial(WireError, status=503, type="overloaded_error", message="Service temporarily unavailable"),
    "error_504": partial(WireError, status=504, type="timeout_error", message="Request timed out"),
    "ramp_limit": partial(
        WireError,
        status=429,
        type="rate_limit_error",
        code="ramp_limit_exceeded",
        message="Your usage has increased too quickly. Please increase it gradually.",
        retry_after=5,
    ),
    "credit_low": partial(
        WireError,
        status=400,
        type="invalid_request_error",
        message=(
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
            "purchase credits."
        ),
    ),
    "overflow": partial(
        WireError,
        status=400,
        type="invalid_request_error",
        message="prompt is too long: 212164 tokens > 199999 maximum",
    ),
    "auth_401": partial(WireError, status=401, type="authentication_error", message="invalid x-api-key"),
    "spend_limit": partial(
        WireError,
        status=429,
        type="rate_limit_error",
        code="enforced_spend_limit_reached",
        message="You have reached your API usage limits. You will regain access at the start of next month.",
    ),
}
"""Fault name to error."""

_UNITS = {
    "requests": "requests per minute",
    "input_tokens": "input tokens per minute",
    "output_tokens": "output tokens per minute",
    "tokens": "tokens per minute",
}


def error_body(error: WireError, *, request_id: str) -> dict[str, Any]:
    details = {"details": {"error_code": error.code}} if error.code else {}
    inner = {"type": error.type, "message": error.message, **details}
    return {"type": "error", "error": inner, "request_id": request_id}


def rate_limited(refusal: Refusal) -> WireError:
    """The 429 of a full bucket; seconds to wait are rounded up."""
    return WireError(
        status=429,
        type="rate_limit_error",
        message=(
            f"This request would exceed your organization's rate limit of {refusal.level.limit:,} "
            f"{_UNITS[refusal.level.dimension]}. Please reduce the prompt length or the maximum tokens requested, "
            "or try again later."
        ),
        retry_after=whole_seconds(refusal.retry_after),
    )


def played_refusal(*, retry_after: float) -> Refusal:
    """The bucket of the faults that show a 429: 30,000 input tokens a minute, all taken."""
    level = BucketLevel(dimension="input_tokens", limit=30_000, remaining=0, full_in=60)
    return Refusal(level=level, requested=24_754, retry_after=retry_after, model="sandbox-claude")


def missing_key() -> WireError:
    return WireError(status=401, type="authentication_error", message="x-api-key header is required")


def too_large() -> WireError:
    return WireError(status=413, type="request_too_large", message="Request exceeds the maximum size")


def not_found(what: str) -> WireError:
    return WireError(status=404, type="not_found_error", message=what)
