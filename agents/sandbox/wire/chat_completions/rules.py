"""What Chat Completions demands of a request beyond its shape."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from agents.sandbox.models import ServedGpt
from agents.sandbox.wire.chat_completions.body import ChatBody, ChatMessage
from agents.sandbox.wire.chat_completions.model_rules import check_abilities
from agents.sandbox.wire.openai_errors import bad_request
from agents.sandbox.wire.openai_rules import check_cap, check_function, empty_array, not_served

_NOT_SERVED = (
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
    "functions",
    "function_call",
    "prediction",
    "web_search_options",
)


def check_request(body: ChatBody, *, model: ServedGpt) -> None:
    """Every rule but the context window's. Raises WireError with status 400."""
    _check_not_served(body)
    check_abilities(body, model=model)
    _check_cap(body, model=model)
    if body.stream_options is not None and not body.stream:
        raise bad_request(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    _check_tools(body)
    if not body.messages:
        raise empty_array("messages")
    for number, message in enumerate(body.messages):
        _check_content(message, number=number)
        _check_place(body.messages, number=number)
        _check_calls(body.messages, number=number)


def _check_not_served(body: ChatBody) -> None:
    asked = [name for name in _NOT_SERVED if getattr(body, name)]
    if body.n not in (None, 1):
        asked.append("n")
    if (body.response_format or {}).get("type", "text") != "text":
        asked.append("response_format")
    if (body.prompt_cache_options or {}).get("mode", "implicit") != "implicit":
        asked.append("prompt_cache_options.mode")
    if asked:
        raise not_served(asked[0])


def _check_cap(body: ChatBody, *, model: ServedGpt) -> None:
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise bad_request(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            code="invalid_parameter_combination",
        )
    check_cap(body.max_tokens, name="max_tokens", model=model)
    check_cap(body.max_completion_tokens, name="max_completion_tokens", model=model)


def _check_tools(body: ChatBody) -> None:
    if body.tools == []:
        raise empty_array("tools")
    for name in () if body.tools else ("tool_choice", "parallel_tool_calls"):
        if getattr(body, name) is not None:
            message = f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            raise bad_request(message, param=name)
    for number, tool in enumerate(body.tools or []):
        function, param = tool.function, f"tools[{number}].function.parameters"
        check_function(function.name, parameters=function.parameters, strict=function.strict, param=param)


def _check_content(message: ChatMessage, *, number: int) -> None:
    place = f"messages.[{number}].content"
    if message.content is None and not (message.role == "assistant" and (message.tool_calls or message.refusal)):
        raise bad_request("Invalid value for 'content': expected a string, got null.", param=place)
    if message.content == []:
        raise empty_array(f"messages[{number}].content", param=place)
    if message.tool_calls == []:
        raise empty_array(f"messages[{number}].tool_calls")
    if message.role == "tool" and not message.tool_call_id:
        name = f"messages[{number}].tool_call_id"
        raise bad_request(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def _check_place(messages: Sequence[ChatMessage], *, number: int) -> None:
    """A tool message answers a call of the assistant message before it, with only tool messages in between."""
    if messages[number].role != "tool":
        return
    before = list(takewhile(lambda message: message.role == "tool", reversed(messages[:number])))
    asked = number - len(before) - 1
    called = _call_ids(messages[asked]) if asked >= 0 else []
    answered = [message.tool_call_id for message in before]
    if messages[number].tool_call_id not in called or messages[number].tool_call_id in answered:
        raise bad_request(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
            param=f"messages.[{number}].role",
        )


def _check_calls(messages: Sequence[ChatMessage], *, number: int) -> None:
    following = takewhile(lambda message: message.role == "tool", messages[number + 1 :])
    answered = {message.tool_call_id for message in following}
    if missing := [name for name in _call_ids(messages[number]) if name not in answered]:
        raise bad_request(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(missing)}",
            param=f"messages.[{number + 1}].role",
        )


def _call_ids(message: ChatMessage) -> list[str]:
    return [call.id for call in message.tool_calls or []] if message.role == "assistant" else []
