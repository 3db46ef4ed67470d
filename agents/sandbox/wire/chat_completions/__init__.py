"""OpenAI Chat Completions: `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.sandbox.gpt_tokens import CountedItem, counted_chat, total_tokens
from agents.sandbox.models import ServedGpt
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.wire import openai_errors as errors
from agents.sandbox.wire.base import Reply
from agents.sandbox.wire.chat_completions.body import ChatBody, parse_body
from agents.sandbox.wire.chat_completions.conversation import instructions_of, messages_of, tools_of
from agents.sandbox.wire.chat_completions.reply import ChatDocument, ChatStream
from agents.sandbox.wire.chat_completions.rules import check_request
from agents.sandbox.wire.openai import OpenAIWire, tool_choice
from agents.sandbox.wire.openai_caching import cache_plan
from agents.sandbox.wire.openai_rules import effort_of


class ChatCompletionsWire(OpenAIWire):
    """The `Wire` of OpenAI's Chat Completions API."""

    def read(self, body: Mapping[str, Any], *, headers: Mapping[str, str]) -> SandboxRequest:
        parsed = parse_body(body)
        model = self.find_model(parsed.model)
        check_request(parsed, model=model)
        may_call, must_call = _choice(parsed)
        items = counted_chat(body)
        input_tokens = _fitting_input(items, cap=_cap(parsed), model=model)
        return SandboxRequest(
            wire="chat_completions",
            model=model,
            instructions=instructions_of(parsed),
            messages=messages_of(parsed),
            max_tokens=_cap(parsed) or min(model.max_output_tokens, model.context_window - input_tokens),
            input_tokens=input_tokens,
            cap=_cap(parsed),
            body=body,
            tools=tools_of(parsed),
            may_call=may_call,
            one_call=parsed.parallel_tool_calls is False,
            must_call=must_call,
            stop=tuple(parsed.stop or ()),
            stream=bool(parsed.stream),
            effort=effort_of(parsed.reasoning_effort, model=model, param="reasoning_effort"),
            cache_plan=cache_plan(body, items=items, model=model),
            include_usage=parsed.stream_options is not None and parsed.stream_options.include_usage,
        )

    def reply(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> Reply:
        kind = ChatStream if request.stream else ChatDocument
        return kind(request, reply_id=reply_id, created=created, quirks=quirks)


def _cap(body: ChatBody) -> int | None:
    return body.max_tokens or body.max_completion_tokens


def _choice(body: ChatBody) -> tuple[bool, str | None]:
    choice = body.tool_choice
    function = choice.get("function") if isinstance(choice, dict) and choice.get("type") == "function" else None
    named = function.get("name") if isinstance(function, dict) else None
    return tool_choice(choice, named=named, tools=[tool.function.name for tool in body.tools or []])


def _fitting_input(items: Sequence[CountedItem], *, cap: int | None, model: ServedGpt) -> int:
    """The input tokens of a body; refused where they, or they and the reply's cap, are over the context window."""
    tokens, window = total_tokens(items), model.context_window
    most, problem = model.max_input_tokens, ""
    if most is not None and tokens > most:
        message = (
            f"Input tokens exceed the configured limit of {most} tokens. Your messages resulted in {tokens} tokens. "
            "Please reduce the length of the messages."
        )
        raise errors.bad_request(message, param="messages", code="context_length_exceeded")
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
