"""Anthropic Messages: `POST /v1/messages`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.claude_tokens import CountedBlock, counted_blocks, messages_input_tokens, total_tokens
from agents.sandbox.limits import Refusal
from agents.sandbox.models import Effort, ServedClaude, ServedModel, Vendor
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.served import find_claude
from agents.sandbox.wire.base import Reply, WireError
from agents.sandbox.wire.messages import errors
from agents.sandbox.wire.messages.binding import check_thoughts
from agents.sandbox.wire.messages.body import (
    CountBody,
    MessagesBody,
    ToolChoiceBody,
    ToolResultBlock,
    bad_request,
    parse_body,
)
from agents.sandbox.wire.messages.caching import cache_plan
from agents.sandbox.wire.messages.cards import claude_card
from agents.sandbox.wire.messages.conversation import instructions_of, messages_of, tools_of
from agents.sandbox.wire.messages.marks import check_marks
from agents.sandbox.wire.messages.model_rules import (
    CURRENT_VERSION,
    SAMPLING_VERSION,
    check_abilities,
    check_budget,
    check_sampling,
    thinking_type,
)
from agents.sandbox.wire.messages.reply import MessagesDocument, MessagesStream
from agents.sandbox.wire.messages.rules import check_conversation, check_size


class MessagesWire:
    """The `Wire` of Anthropic's Messages API."""

    vendor: Vendor = "anthropic"
    request_id_header = "request-id"

    def credential(self, headers: Mapping[str, str]) -> str:
        key = headers.get("x-api-key", "").strip() or _bearer(headers)
        if not key:
            raise errors.missing_key()
        version = headers.get("anthropic-version", "")
        if not version:
            raise bad_request("anthropic-version: header is required")
        if version not in (CURRENT_VERSION, SAMPLING_VERSION):
            raise bad_request(f'anthropic-version: "{version}" is not a valid version')
        return key

    def read(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> SandboxRequest:
        parsed = parse_body(MessagesBody, body)
        model = self._model(parsed)
        check_sampling(parsed, model=model, version=headers["anthropic-version"])
        check_size(parsed, model=model)
        check_budget(parsed)
        self._check(parsed, body=body, model=model, headers=headers)
        may_call, must_call = _choice(parsed.tool_choice)
        blocks = counted_blocks(body)
        return SandboxRequest(
            wire="messages",
            model=model,
            instructions=instructions_of(parsed),
            messages=messages_of(parsed),
            max_tokens=parsed.max_tokens,
            cap=parsed.max_tokens,
            input_tokens=_fitting_input(blocks, model=model),
            body=body,
            tools=tools_of(parsed),
            may_call=may_call,
            one_call=bool(parsed.tool_choice and parsed.tool_choice.disable_parallel_tool_use),
            must_call=must_call,
            stop=tuple(parsed.stop_sequences),
            stream=parsed.stream,
            effort=_effort(parsed, model=model),
            most_thought=parsed.thinking.budget_tokens if parsed.thinking else None,
            shows_thought=_shows_thought(parsed, model=model),
            cache_plan=cache_plan(body, blocks=blocks, model=model),
        )

    def count(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> dict[str, int]:
        """The answer of `POST /v1/messages/count_tokens`."""
        parsed = parse_body(CountBody, body)
        model = self._model(parsed)
        self._check(parsed, body=body, model=model, headers=headers)
        return {"input_tokens": messages_input_tokens(body, factor=model.token_factor, frame=model.frame)}

    def _check(
        self, parsed: CountBody, *, body: Mapping[str, Any], model: ServedClaude, headers: Mapping[str, str]
    ) -> None:
        check_abilities(parsed, model=model)
        check_marks(parsed)
        check_conversation(parsed, model=model)
        check_thoughts(parsed, body=body, model=model, headers=headers)

    def reply(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> Reply:
        kind = MessagesStream if request.stream else MessagesDocument
        return kind(request, reply_id=reply_id, quirks=quirks)

    def model_card(self, model: ServedModel) -> dict[str, Any]:
        assert isinstance(model, ServedClaude)
        return claude_card(model)

    def model_list(self, models: Sequence[ServedModel]) -> dict[str, Any]:
        cards = [self.model_card(model) for model in models]
        return {"data": cards, "has_more": False, "first_id": cards[0]["id"], "last_id": cards[-1]["id"]}

    def error_body(self, error: WireError, *, request_id: str) -> dict[str, Any]:
        return errors.error_body(error, request_id=request_id)

    def not_json(self, detail: str) -> WireError:
        return bad_request(f"The request body is not valid JSON: {detail}")

    def too_large(self) -> WireError:
        return errors.too_large()

    def unknown_model(self, model_id: str) -> WireError:
        return errors.not_found(f"model: {model_id}")

    def unknown_path(self, *, method: str, path: str) -> WireError:
        return errors.not_found(f"Not found: {method} {path}")

    def rate_limited(self, refusal: Refusal) -> WireError:
        return errors.rate_limited(refusal)

    def fault(self, name: str) -> WireError:
        if name in ("rate_limit", "retry_after_7200"):
            seconds = 1 if name == "rate_limit" else 7200
            return errors.rate_limited(errors.played_refusal(retry_after=seconds))
        return errors.FAULTS[name.removesuffix("_once")]()

    def _model(self, body: CountBody) -> ServedClaude:
        model = find_claude(body.model)
        if model is None:
            raise self.unknown_model(body.model)
        return model


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _effort(body: CountBody, *, model: ServedClaude) -> Effort:
    """How hard the model is to think; between tools it does so only once there are results."""
    kind = thinking_type(body, model=model)
    last = body.messages[-1].content
    if kind == "disabled" or (kind == "between_tools" and not any(isinstance(b, ToolResultBlock) for b in last)):
        return "none"
    return (body.output_config.effort if body.output_config else None) or model.default_effort


def _shows_thought(body: CountBody, *, model: ServedClaude) -> bool:
    display = body.thinking.display if body.thinking else None
    return display == "summarized" or (display is None and not model.hides_thought)


def _choice(choice: ToolChoiceBody | None) -> tuple[bool, str | None]:
    """May tools be called, and which one must be."""
    match choice:
        case ToolChoiceBody(type="none"):
            return False, None
        case ToolChoiceBody(type="any"):
            return True, ""
        case ToolChoiceBody(type="tool"):
            return True, choice.name
        case _:
            return True, None


def _fitting_input(blocks: Sequence[CountedBlock], *, model: ServedClaude) -> int:
    """The input tokens of a body; refused where they alone fill the context window."""
    tokens = total_tokens(blocks, factor=model.token_factor, frame=model.frame)
    most = model.context_window - 1
    if tokens > most:
        raise bad_request(f"prompt is too long: {tokens} tokens > {most} maximum")
    return tokens
