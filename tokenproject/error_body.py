"""The one shape of an error in HTTP: `{"error": {code, message, params, retryable, retry_at, ref}}`."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from tokenproject.json_bodies import render


def error_body(
    *,
    code: str,
    message: str,
    params: dict[str, Any] | None = None,
    retryable: bool = False,
    retry_at: datetime | None = None,
    ref: str | None = None,
) -> dict[str, Any]:
    """`ref` finds the log line of a fault that is ours."""
    return {
        "error": {
            "code": code,
            "message": message,
            "params": params or {},
            "retryable": retryable,
            "retry_at": retry_at,
            "ref": ref,
        }
    }


def error_response(status: int, **fields: Any) -> HttpResponse:
    body = render(error_body(**fields))
    response = HttpResponse(body, status=status, content_type="application/json; charset=utf-8")
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"  # RFC 9110, 11.6.1
    return response


def new_ref() -> str:
    return secrets.token_hex(4)


def is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
