"""What the two wires of OpenAI have in common: the key, the models, the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.limits import Refusal
from agents.sandbox.models import ServedGpt, ServedModel, Vendor
from agents.sandbox.served import find_gpt
from agents.sandbox.wire import openai_errors as errors
from agents.sandbox.wire.base import WireError


class OpenAIWire:
    """All of a `Wire` but the reading of requests and the writing of replies."""

    vendor: Vendor = "openai"
    request_id_header = "x-request-id"

    def credential(self, headers: Mapping[str, str]) -> str:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise errors.missing_key()
        return key.strip()

    def model_card(self, model: ServedModel) -> dict[str, Any]:
        ends = {"shutdown_date": model.retires.isoformat()} if model.retires else {}
        return {"id": model.id, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox", **ends}

    def model_list(self, models: Sequence[ServedModel]) -> dict[str, Any]:
        return {"object": "list", "data": [self.model_card(model) for model in models]}

    def error_body(self, error: WireError, *, request_id: str) -> dict[str, Any]:
        return errors.error_body(error)

    def not_json(self, detail: str) -> WireError:
        return errors.bad_request(f"We could not parse the JSON body of your request: {detail}")

    def too_large(self) -> WireError:
        return errors.too_large()

    def unknown_model(self, model_id: str) -> WireError:
        return errors.unknown_model(model_id)

    def unknown_path(self, *, method: str, path: str) -> WireError:
        return errors.unknown_path(method=method, path=path)

    def rate_limited(self, refusal: Refusal) -> WireError:
        return errors.rate_limited(refusal)

    def fault(self, name: str) -> WireError:
        if name in ("rate_limit", "retry_after_7200"):
            seconds = 1 if name == "rate_limit" else 7200
            return errors.rate_limited(errors.played_refusal(retry_after=seconds))
        return errors.FAULTS[name.removesuffix("_once")]()

    def find_model(self, model_id: str) -> ServedGpt:
        """Raises the 404 for a model that is not served."""
        model = find_gpt(model_id)
        if model is None:
            raise self.unknown_model(model_id)
        return model


def tool_choice(choice: Any, *, named: Any, tools: Sequence[str]) -> tuple[bool, str | None]:
    """May tools be called, and which one must be. `named` is the tool that an object of the wire's form names, `tools`
    are the names of those on offer."""
    match choice:
        case None | "auto":
            return True, None
        case "none":
            return False, None
        case "required":
            return True, ""
    if isinstance(named, str) and named in tools:
        return True, named
    message = f"Invalid value for 'tool_choice': {choice!r} is no tool of this request."
    raise errors.bad_request(message, param="tool_choice", code="invalid_value")
