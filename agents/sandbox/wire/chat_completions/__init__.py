"""OpenAI Chat Completions: `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.accounting import chat_input_tokens
from agents.sandbox.limits import Refusal
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.served import ServedModel, Vendor, find_model
from agents.sandbox.wire.base import Reply, WireError
from agents.sandbox.wire.chat_completions import errors
from agents.sandbox.wire.chat_completions.body import ChatBody, parse_body
from agents.sandbox.wire.chat_completions.conversation import instructions_of, messages_of, tools_of
from agents.sandbox.wire.chat_completions.reply import ChatDocument, ChatStream
from agents.sandbox.wire.chat_completions.rules import check_request


class ChatCompletionsWire:
    """The `Wire` of OpenAI's Chat Completions API."""

    vendor: Vendor = "openai"
    request_id_header = "x-request-id"

    def credential(self, headers: Mapping[str, str]) -> str:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise errors.missing_key()
        return key.strip()

    def read(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> SandboxRequest:
        parsed = parse_body(body)
        model = find_model(vendor=self.vendor, model_id=parsed.model)
        if model is None:
            raise self.unknown_model(parsed.model)
        check_request(parsed, model=model)
        may_call, must_call = _choice(parsed)
        input_tokens = _fitting_input(body, cap=_cap(parsed), model=model)
        return SandboxRequest(
            model=model,
            instructions=instructions_of(parsed),
            messages=messages_of(parsed),
            max_tokens=_cap(parsed) or min(model.max_output_tokens, model.context_window - input_tokens),
            input_tokens=input_tokens,
            body=body,
            tools=tools_of(parsed),
            may_call=may_call,
            one_call=parsed.parallel_tool_calls is False,
            must_call=must_call,
            stop=tuple(parsed.stop or ()),
            stream=bool(parsed.stream),
            include_usage=parsed.stream_options is not None and parsed.stream_options.include_usage,
        )

    def reply(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> Reply:
        kind = ChatStream if request.stream else ChatDocument
        return kind(request, reply_id=reply_id, created=created, quirks=quirks)

    def model_card(self, model: ServedModel) -> dict[str, Any]:
        return {"id": model.id, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox"}

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
        return errors.FAULTS[name]()


def _cap(body: ChatBody) -> int | None:
    return body.max_tokens or body.max_completion_tokens


def _choice(body: ChatBody) -> tuple[bool, str | None]:
    """May tools be called, and which one must be."""
    match body.tool_choice:
        case None | "auto":
            return True, None
        case "none":
            return False, None
        case "required":
            return True, ""
        case {"type": "function", "function": {"name": str(name)}} if name in _tool_names(body):
            return True, name
    message = f"Invalid value for 'tool_choice': {body.tool_choice!r} is no tool of this request."
    raise errors.bad_request(message, param="tool_choice", code="invalid_value")


def _tool_names(body: ChatBody) -> set[str]:
    return {tool.function.name for tool in body.tools or []}


def _fitting_input(body: Mapping[str, Any], *, cap: int | None, model: ServedModel) -> int:
    """The input tokens of `body`; refused where they, or they and the reply's cap, are over the context window."""
    tokens, window = chat_input_tokens(body), model.context_window
    problem = ""
    if tokens > window:
        problem = f"your messages resulted in {tokens} tokens. Please reduce the length of the messages."
    elif tokens + (cap or 0) > window:
        problem = (
            f"you requested {tokens + (cap or 0)} tokens ({tokens} in the messages, {cap} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    if problem:
        message = f"This model's maximum context length is {window} tokens. However, {problem}"
        raise errors.bad_request(message, param="messages", code="context_length_exceeded")
    return tokens
