"""The errors of OpenAI's APIs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agents.sandbox.limits import BucketLevel, Refusal, go_duration, whole_seconds
from agents.sandbox.wire.base import WireError

FAULTS: Mapping[str, Callable[[], WireError]] = {
    "error_529": partial(WireError, status=529, type="server_error", message="The gateway is overloaded."),
    "error_500": partial(
        WireError,
        status=500,
        type="server_error",
        message="The server had an error while processing your request. Sorry about that!",
    ),
    "error_503": partial(
        WireError,
        status=503,
        type="service_unavailable_error",
        code="server_is_overloaded",
        message="Our servers are currently overloaded. Please try again later.",
    ),
    "error_504": partial(WireError, status=504, type="server_error", message="The gateway timed out."),
    "ramp_limit": partial(
        WireError,
        status=429,
        type="requests",
        code="slow_down",
        message="Your request rate has increased too quickly. Please slow down and increase it gradually.",
        retry_after=5,
    ),
    "never_fits": partial(
        WireError,
        status=429,
        type="tokens",
        code="rate_limit_exceeded",
        message=(
            "Request too large for sandbox-gpt in organization org-sandbox on tokens per min (TPM): Limit 30000, "
            "Requested 30601. The input or output tokens must be reduced in order to run successfully."
        ),
    ),
    "overflow": partial(
        WireError,
        status=400,
        type="invalid_request_error",
        code="context_length_exceeded",
        param="messages",
        message=(
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 131000 tokens. "
            "Please reduce the length of the messages."
        ),
    ),
    "no_stream_options": partial(
        WireError,
        status=400,
        type="invalid_request_error",
        param="stream_options",
        message="Unknown parameter: 'stream_options'.",
    ),
    "auth_401": partial(
        WireError,
        status=401,
        type="invalid_request_error",
        code="invalid_api_key",
        message="Incorrect API key provided. You can find your API key in your account settings.",
    ),
    "spend_limit": partial(
        WireError,
        status=429,
        type="insufficient_quota",
        code="insufficient_quota",
        message="You exceeded your current quota, please check your plan and billing details.",
    ),
}
"""Fault name to error. OpenAI itself has no 529; gateways in front of it do."""

_DIMENSIONS = {
    "requests": "requests per min (RPM)",
    "tokens": "tokens per min (TPM)",
    "input_tokens": "input tokens per min",
    "output_tokens": "output tokens per min",
}


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> WireError:
    return WireError(status=400, type="invalid_request_error", message=message, param=param, code=code)


def error_body(error: WireError) -> dict[str, Any]:
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}


def rate_limited(refusal: Refusal) -> WireError:
    """The 429 of a bucket that is too empty: what is used, asked for and to be waited for, to the millisecond."""
    if refusal.never_fits:
        return _too_large_for(refusal)
    level = refusal.level
    used = level.limit - math.floor(level.remaining + 1e-6)
    millis = math.ceil(refusal.retry_after * 1000 - 1e-6)
    error = _over_limit(
        refusal,
        f"Rate limit reached for {_place(refusal)}: Limit {level.limit}, Used {used}, Requested {refusal.requested}. "
        f"Please try again in {go_duration(millis / 1000)}.",
    )
    error.headers |= {"retry-after": str(whole_seconds(refusal.retry_after)), "retry-after-ms": str(millis)}
    return error


def _too_large_for(refusal: Refusal) -> WireError:
    return _over_limit(
        refusal,
        f"Request too large for {_place(refusal)}: Limit {refusal.level.limit}, Requested {refusal.requested}. "
        "The input or output tokens must be reduced in order to run successfully.",
    )


def _over_limit(refusal: Refusal, message: str) -> WireError:
    kind = "requests" if refusal.level.dimension == "requests" else "tokens"
    return WireError(status=429, type=kind, code="rate_limit_exceeded", message=message)


def _place(refusal: Refusal) -> str:
    return f"{refusal.model} in organization org-sandbox on {_DIMENSIONS[refusal.level.dimension]}"


def played_refusal(*, retry_after: float) -> Refusal:
    """The bucket of the faults that show a 429: 30,000 tokens a minute, of which just too many are taken."""
    requested, limit = 10_000, 30_000
    remaining = max(0.0, requested - retry_after * limit / 60)
    level = BucketLevel(dimension="tokens", limit=limit, remaining=remaining, full_in=60)
    return Refusal(level=level, requested=requested, retry_after=retry_after, model="sandbox-gpt")


def missing_key() -> WireError:
    return WireError(
        status=401,
        type="invalid_request_error",
        message=(
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY)."
        ),
    )


def too_large() -> WireError:
    return WireError(status=413, type="invalid_request_error", message="Request body is too large.")


def unknown_model(model_id: str) -> WireError:
    return WireError(
        status=404,
        type="invalid_request_error",
        code="model_not_found",
        message=f"The model `{model_id}` does not exist or you do not have access to it.",
    )


def unknown_path(*, method: str, path: str) -> WireError:
    return WireError(status=404, type="invalid_request_error", message=f"Invalid URL ({method} {path})")
