"""OpenAI Responses: `POST /v1/responses`. Nothing is stored: every request brings its whole conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.gpt_tokens import CountedItem, counted_responses, responses_input_tokens, total_tokens
from agents.sandbox.models import ServedGpt
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.wire import openai_errors as errors
from agents.sandbox.wire.base import Reply
from agents.sandbox.wire.openai import OpenAIWire, tool_choice
from agents.sandbox.wire.openai_caching import cache_plan
from agents.sandbox.wire.openai_rules import effort_of
from agents.sandbox.wire.responses.body import CountBody, parse_body, parse_count_body
from agents.sandbox.wire.responses.conversation import instructions_of, messages_of, tools_of
from agents.sandbox.wire.responses.reply import ResponsesDocument, ResponsesStream
from agents.sandbox.wire.responses.rules import check_conversation, check_request


class ResponsesWire(OpenAIWire):
    """The `Wire` of OpenAI's Responses API."""

    def read(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> SandboxRequest:
        parsed = parse_body(body)
        model = self.find_model(parsed.model)
        reasoning = parsed.reasoning
        effort = effort_of(reasoning.effort if reasoning else None, model=model, param="reasoning.effort")
        check_request(parsed, model=model)
        may_call, must_call = _choice(parsed)
        items = counted_responses(body)
        input_tokens = _fitting_input(items, model=model)
        most = min(model.max_output_tokens, model.context_window - input_tokens)
        return SandboxRequest(
            wire="responses",
            model=model,
            instructions=instructions_of(parsed),
            messages=messages_of(parsed),
            max_tokens=parsed.max_output_tokens or most,
            input_tokens=input_tokens,
            cap=parsed.max_output_tokens,
            body=body,
            tools=tools_of(parsed),
            may_call=may_call,
            one_call=parsed.parallel_tool_calls is False,
            must_call=must_call,
            stream=bool(parsed.stream),
            effort=effort,
            cache_plan=cache_plan(body, items=items, model=model),
            shows_thought=bool(reasoning and (reasoning.summary or reasoning.generate_summary)),
        )

    def count(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> dict[str, Any]:
        """The answer of `POST /v1/responses/input_tokens`."""
        parsed = parse_count_body(body)
        self.find_model(parsed.model)
        check_conversation(parsed)
        return {"object": "response.input_tokens", "input_tokens": responses_input_tokens(body)}

    def reply(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> Reply:
        kind = ResponsesStream if request.stream else ResponsesDocument
        return kind(request, reply_id=reply_id, created=created, quirks=quirks)


def _choice(body: CountBody) -> tuple[bool, str | None]:
    choice = body.tool_choice
    named = choice.get("name") if isinstance(choice, dict) and choice.get("type") == "function" else None
    return tool_choice(choice, named=named, tools=[tool.name for tool in body.tools or []])


def _fitting_input(items: Sequence[CountedItem], *, model: ServedGpt) -> int:
    """The input tokens of a body; refused where they are over what the model takes."""
    tokens = total_tokens(items)
    if tokens > (model.max_input_tokens or model.context_window):
        raise errors.bad_request(
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
            param="input",
            code="context_length_exceeded",
        )
    return tokens
