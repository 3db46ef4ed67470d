"""From what went wrong to an HTTP status and the one error shape."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import HttpError, Throttled, ValidationError

from accounts.refusals import (
    Forbidden,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    NotReady,
    PayloadTooLarge,
    Refusal,
    Unauthenticated,
)
from agents.llm.errors import LLMError
from tokenproject.error_body import error_response, new_ref

logger = logging.getLogger("tokenproject.api")

_LLM_STATUS = {
    "context_impossible": 422,
    "config_invalid": 409,
    "egress_blocked": 502,
    "gateway_token_failed": 502,
    "provider_auth": 502,
    "provider_rate_limited": 429,
    "provider_spend_limit": 429,
    "provider_overloaded": 503,
    "provider_timeout": 504,
    "provider_bad_stream": 502,
    "provider_refused": 502,
    "tool_failed": 502,
}
_OF_STATUS: dict[int, type[Refusal]] = {400: MalformedRequest, 401: Unauthenticated, 403: Forbidden, 404: NotFound}


FAULTS_SHOWN = 20


def add_handlers(api: NinjaAPI) -> None:
    for error, handler in _HANDLERS:
        api.add_exception_handler(error, handler)


def on_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return error_response(
        refusal.status,
        code=refusal.code,
        message=refusal.message,
        params=refusal.params,
        retryable=refusal.retryable,
        retry_at=refusal.retry_at,
    )


def _on_llm_error(request: HttpRequest, error: LLMError) -> HttpResponse:
    after = error.retry_after
    return error_response(
        _LLM_STATUS.get(error.code, 500),
        code=error.code,
        message=error.message,
        params=error.params,
        retryable=error.retryable,
        retry_at=None if after is None else timezone.now() + timedelta(seconds=after),
    )


def _on_bad_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    shown = error.errors[:FAULTS_SHOWN]
    return on_refusal(request, InvalidRequest.of_fields({_field(item): _fault(item) for item in shown}))


def _field(item: Any) -> str:
    """`("body", "payload", "name")` is the field `name`; `("query", "limit")` the field `limit`."""
    source, *place = item["loc"]
    inner = place[1:] if source == "body" else place
    return ".".join(str(part) for part in inner) or "body"


def _fault(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a field of this request"
    return str(item["msg"]).removeprefix("Value error, ")


def _on_throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    wait = timedelta(seconds=error.wait or 1)
    return error_response(
        429,
        code="quota_exceeded",
        message="Too many requests. Nothing was changed; try again a little later.",
        retryable=True,
        retry_at=timezone.now() + wait,
    )


def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # ninja wraps whatever the parser raises.
    if isinstance(error.__cause__, Refusal):
        return on_refusal(request, error.__cause__)
    known = _OF_STATUS.get(error.status_code, InvalidRequest)
    return error_response(error.status_code, code=known.code, message=error.message)


def _on_http404(request: HttpRequest, error: Http404) -> HttpResponse:
    return on_refusal(request, NotFound("There is nothing here under this address."))


def _on_permission_denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return on_refusal(request, Forbidden("You may not do this. Nothing was changed."))


def _on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return on_refusal(request, PayloadTooLarge("The body is too big. Nothing was changed."))


def _on_unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return on_refusal(request, MalformedRequest("The request cannot be read. Nothing was changed."))


def _on_database_busy(request: HttpRequest, error: OperationalError) -> HttpResponse:
    ref = _logged("the database refused", request, error)
    message = "The database does not answer just now. Nothing was changed; try again in a moment."
    return error_response(NotReady.status, code=NotReady.code, message=message, retryable=True, ref=ref)


def _on_our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    ref = _logged("unexpected", request, error)
    message = f"Something went wrong on our side. If it happens again, tell an admin this reference: {ref}."
    return error_response(500, code="internal", message=message, ref=ref)


def _logged(what: str, request: HttpRequest, error: Exception) -> str:
    ref = new_ref()
    logger.error("%s, ref %s: %s %s", what, ref, request.method, request.path, exc_info=error)
    return ref


# ninja's type of a handler also allows for a class instead of an instance, which it never passes.
_HANDLERS: tuple[tuple[type[Exception], Any], ...] = (
    (Refusal, on_refusal),
    (LLMError, _on_llm_error),
    (ValidationError, _on_bad_fields),
    (Throttled, _on_throttled),
    (HttpError, _on_http_error),
    (Http404, _on_http404),
    (PermissionDenied, _on_permission_denied),
    (RequestDataTooBig, _on_too_big),
    (SuspiciousOperation, _on_unreadable),
    (UnreadablePostError, _on_unreadable),
    (OperationalError, _on_database_busy),
    (Exception, _on_our_fault),
)
