"""What is wrong with the shape of a body, in OpenAI's words; and what its wires share of a body's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from agents.sandbox.wire.base import WireError
from agents.sandbox.wire.openai_errors import bad_request

NAME_PATTERN = r"^[a-zA-Z0-9_-]{1,64}$"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Body = TypeVar("Body", bound=BaseModel)


def parse_shape(kind: type[Body], data: Any) -> Body:
    """`data` as a body of `kind`; the first thing wrong with its shape is a 400 in the API's words. The tags of its
    unions are written "<tag>": pydantic puts them into the place, and the API does not."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _shape_error(error.errors()[0]) from None


def _shape_error(error: ErrorDetails) -> WireError:
    path, limits = _path(error["loc"]), error.get("ctx", {})
    match error["type"]:
        case "missing":
            return bad_request(f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter")
        case "extra_forbidden" if len(error["loc"]) == 1:
            return bad_request(f"Unrecognized request argument supplied: {path}")
        case "extra_forbidden":
            return bad_request(f"Unknown parameter: '{path}'.", param=path, code="unknown_parameter")
        case "less_than_equal":
            what, code = f"Expected a value <= {limits['le']:g}", "decimal_above_max_value"
        case "greater_than_equal":
            what, code = f"Expected a value >= {limits['ge']:g}", "decimal_below_min_value"
        case "literal_error" | "string_pattern_mismatch" | "too_long" | "union_tag_invalid":
            what, code = str(error["msg"]).replace("<", "").replace(">", ""), "invalid_value"
        case _:
            return bad_request(f"Invalid type for '{path}': {error['msg']}.", param=path, code="invalid_type")
    return bad_request(f"Invalid '{path}': {what}, but got {error['input']!r} instead.", param=path, code=code)


def _path(steps: Sequence[int | str]) -> str:
    """("messages", 0, "content") as "messages[0].content"."""
    told = [step for step in steps if isinstance(step, int) or not step.startswith("<")]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in told).removeprefix(".")
