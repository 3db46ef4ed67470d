"""What OpenAI demands on both of its wires, about a model's abilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.sandbox.models import Effort, ServedGpt
from agents.sandbox.wire.base import WireError
from agents.sandbox.wire.openai_errors import bad_request


def effort_of(asked: Effort | None, *, model: ServedGpt, param: str) -> Effort:
    """How hard the model is to think. `param` is where the request says it; refused where the model cannot."""
    if asked is None:
        return model.default_effort
    if not model.efforts:
        raise unsupported_parameter(param)
    if asked not in model.efforts:
        supported = ", ".join(f"'{effort}'" for effort in model.efforts[:-1])
        raise bad_request(
            f"Unsupported value: '{param}' does not support '{asked}' with this model. "
            f"Supported values are: {supported}, and '{model.efforts[-1]}'.",
            param=param,
            code="unsupported_value",
        )
    return asked


def is_free(effort: Effort | None, *, model: ServedGpt) -> bool:
    """Whether sampling parameters may be set: a reasoning model takes them at most while it does not reason."""
    return not model.reasons or (model.free_at_none and (effort or model.default_effort) == "none")


def check_cap(cap: int | None, *, name: str, model: ServedGpt) -> None:
    if cap is not None and cap > model.max_output_tokens:
        raise bad_request(
            f"{name} is too large: {cap}. This model supports at most {model.max_output_tokens} completion tokens, "
            f"whereas you provided {cap}.",
            param=name,
            code="invalid_value",
        )


def check_function(name: str, *, parameters: Mapping[str, Any], strict: bool | None, param: str) -> None:
    """A function's schema is of type object; a strict one is closed and requires all that it has."""
    problem = ""
    if parameters.get("type") != "object":
        problem = "schema must be a JSON Schema of 'type: \"object\"'."
    elif strict and parameters.get("additionalProperties") is not False:
        problem = "In context=(), 'additionalProperties' is required to be supplied and to be false."
    elif strict and set(parameters.get("properties") or {}) != set(parameters.get("required") or ()):
        problem = (
            "In context=(), 'required' is required to be supplied and to be an array including every key in properties."
        )
    if problem:
        raise bad_request(
            f"Invalid schema for function '{name}': {problem}", param=param, code="invalid_function_parameters"
        )


def unsupported_parameter(name: str, *, instead: str = "") -> WireError:
    advice = f" Use '{instead}' instead." if instead else ""
    return bad_request(
        f"Unsupported parameter: '{name}' is not supported with this model.{advice}",
        param=name,
        code="unsupported_parameter",
    )


def not_served(name: str) -> WireError:
    """The API has it and the sandbox lacks it: refused, since ignoring it would be a lie."""
    message = f"Unsupported parameter: '{name}' is not supported by the sandbox."
    return bad_request(message, param=name, code="unsupported_parameter")


def empty_array(name: str, *, param: str = "") -> WireError:
    what = f"Invalid '{name}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    return bad_request(what, param=param or name, code="empty_array")
