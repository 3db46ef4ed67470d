"""JSON in and out of the REST API: strict in, one way of writing out."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, cast

import orjson
from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from accounts.moments import rfc3339
from accounts.refusals import InvalidRequest, MalformedRequest, PayloadTooLarge
from tokenproject.body_limits import limit_for

# How orjson complains of an escape like \ud800 that has no other half.
_HALF_A_PAIR = re.compile("(low|high) surrogate")


MOST_FIELDS = 200
"""Of a body's object: each unknown one costs a fault of its own."""


class StrictParser(Parser):
    """Refusals that are raised here reach the error handlers as the cause of ninja's own error."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        body = request.body
        limit = limit_for(request.path)
        if len(body) > limit:
            raise PayloadTooLarge(
                f"The body has more than {limit:,} bytes. Nothing was changed.", params={"limit": limit}
            )
        data = parse(body)
        if isinstance(data, dict) and len(data) > MOST_FIELDS:
            raise InvalidRequest.of_fields({"body": f"must have at most {MOST_FIELDS} fields"})
        return cast("dict[str, Any]", data)


class Renderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return render(data)


def parse(body: bytes) -> Any:
    """MalformedRequest for what is not JSON; InvalidRequest for text that cannot be stored or sent on."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _HALF_A_PAIR.search(str(error)):
            raise InvalidRequest.of_fields({"body": "must not hold half of a surrogate pair"}) from None
        raise MalformedRequest(f"The body is not JSON ({error}). Nothing was changed.") from None
    # PostgreSQL cannot store NUL. JSON can only write it as an escape, so that most bodies need no walk.
    if b"\\u0000" in body and (path := _path_of_nul(value)) is not None:
        raise InvalidRequest.of_fields({path: "must not hold the NUL character"})
    return value


def render(data: Any) -> bytes:
    return orjson.dumps(data, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _path_of_nul(value: Any, path: str = "") -> str | None:
    """Where the first NUL is, as `field.0.inner`; None if there is none. orjson bounds the depth."""
    if isinstance(value, str):
        return (path or "body") if "\0" in value else None
    if isinstance(value, dict):
        pairs = [(str(key), item) for key, item in value.items()]
        if any("\0" in key for key, _ in pairs):
            return path or "body"
    elif isinstance(value, list):
        pairs = [(str(index), item) for index, item in enumerate(value)]
    else:
        return None
    found = (_path_of_nul(item, f"{path}.{key}".lstrip(".")) for key, item in pairs)
    return next((place for place in found if place is not None), None)
