"""What the OpenAPI document says about errors: every operation can fail in the same few ways, said once, here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from pydantic import BaseModel, ConfigDict, Field

_MEANINGS = {
    400: "The body is not JSON, or the request cannot be read.",
    401: "Not signed in: no session, or no valid API token.",
    403: "Not allowed: a scope or a right is missing, or the CSRF token of a session.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It does not fit what is there by now; `code` says why.",
    413: "The body or a text in it is too big.",
    422: "A value cannot be used; `params.fields` names each.",
    429: "Too many requests, or a quota is used up; `retry_at` says when to try again.",
    500: "A fault on the server's side; an admin finds it by `ref`.",
    503: "Not ready, or too busy; try again in a moment.",
}
_ALWAYS = (429, 500, 503)
_CHANGES = {"post", "put", "patch", "delete"}


class ErrorFields(BaseModel):
    """`message` says what happened, what was kept and what to do. `ref` finds the log line of a fault that is ours."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Stable; meant for programs.")
    message: str
    params: dict[str, Any]
    retryable: bool
    retry_at: datetime | None
    ref: str | None


class Error(BaseModel):
    model_config = ConfigDict(extra="forbid")

    error: ErrorFields


class DescribedApi(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        return with_errors(super().get_openapi_schema(**options))


def with_errors(schema: OpenAPISchema) -> OpenAPISchema:
    """Adds to each operation the errors that it can answer with, in the one shape. Own words of an operation stay."""
    described = Error.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= described.pop("$defs") | {"Error": described}
    schema["components"]["responses"] = {str(status): _answer(meaning) for status, meaning in _MEANINGS.items()}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            for status in _statuses(path=path, method=method, operation=operation):
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
    return schema


def _statuses(*, path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    changes, has_body = method in _CHANGES, "requestBody" in operation
    if operation.get("security"):
        yield from (401, 403)
    if changes or "{" in path:
        yield 404
    if changes:
        yield 409
    if has_body:
        yield from (400, 413)
    if has_body or operation.get("parameters"):
        yield 422
    yield from _ALWAYS


def _answer(meaning: str) -> dict[str, Any]:
    return {
        "description": meaning,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
