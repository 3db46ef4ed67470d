"""What the Responses API demands of a request beyond its shape."""

from __future__ import annotations

from collections.abc import Sequence

from agents.sandbox.models import ServedGpt
from agents.sandbox.sealing import read_seal
from agents.sandbox.wire.base import WireError
from agents.sandbox.wire.openai_errors import bad_request
from agents.sandbox.wire.openai_rules import (
    check_cap,
    check_function,
    empty_array,
    is_free,
    not_served,
    unsupported_parameter,
)
from agents.sandbox.wire.responses.body import (
    CallItem,
    CallOutputItem,
    CountBody,
    Item,
    MessageItem,
    ReasoningItem,
    ReferenceItem,
    ResponsesBody,
)

ENCRYPTED = "reasoning.encrypted_content"
_LEAST_CAP = 16
_NOT_SERVED = (
    "background",
    "background_options",
    "context_management",
    "max_tool_calls",
    "moderation",
    "prompt",
    "top_logprobs",
)


def check_request(body: ResponsesBody, *, model: ServedGpt) -> None:
    """Every rule but those of effort and the context window. Raises WireError."""
    _check_served(body)
    if body.stream_options is not None and not body.stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise bad_request(message, param="stream_options")
    _check_cap(body.max_output_tokens, model=model)
    free = is_free(body.reasoning.effort if body.reasoning else None, model=model)
    for name in () if free else ("temperature", "top_p"):
        if getattr(body, name) is not None:
            raise unsupported_parameter(name)
    check_conversation(body)


def check_conversation(body: CountBody) -> None:
    """The rules that hold for counting too."""
    if body.previous_response_id is not None:
        raise _not_stored(body.previous_response_id)
    if body.conversation is not None:
        raise not_served("conversation")
    if (body.text or {}).get("format", {"type": "text"}).get("type") != "text":
        raise not_served("text.format")
    for number, tool in enumerate(body.tools or []):
        param = f"tools[{number}].parameters"
        check_function(tool.name, parameters=tool.parameters or {"type": "object"}, strict=tool.strict, param=param)
    if not body.input:
        raise empty_array("input")
    for number, item in enumerate(body.input):
        _check_parts(item, number=number)
    _check_calls(body.input)
    _check_reasoning(body.input)


def _check_served(body: ResponsesBody) -> None:
    asked = [name for name in _NOT_SERVED if getattr(body, name)]
    asked += [f"include: {name}" for name in body.include or [] if name != ENCRYPTED]
    if (body.prompt_cache_options or {}).get("mode", "implicit") != "implicit":
        asked.append("prompt_cache_options.mode")
    if asked:
        raise not_served(asked[0])


def _check_cap(cap: int | None, *, model: ServedGpt) -> None:
    if cap is not None and cap < _LEAST_CAP:
        raise bad_request(
            f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {_LEAST_CAP}, but got "
            f"{cap} instead.",
            param="max_output_tokens",
            code="integer_below_min_value",
        )
    check_cap(cap, name="max_output_tokens", model=model)


def _check_parts(item: Item, *, number: int) -> None:
    """What an assistant said is output, what anybody else said is input."""
    content = item.output if isinstance(item, CallOutputItem) else getattr(item, "content", None)
    if not isinstance(content, list) or isinstance(item, ReasoningItem):
        return
    by_assistant = isinstance(item, MessageItem) and item.role == "assistant"
    allowed = ("output_text", "refusal") if by_assistant else ("input_text", "input_image", "input_file")
    for place, part in enumerate(content):
        if part.type not in allowed:
            names = ", ".join(f"'{name}'" for name in allowed[:-1])
            raise bad_request(
                f"Invalid value: '{part.type}'. Supported values are: {names} and '{allowed[-1]}'.",
                param=f"input[{number}].content[{place}]",
                code="invalid_value",
            )


def _check_calls(items: Sequence[Item]) -> None:
    """Every call has one output somewhere after it, and every output a call before it."""
    open_calls: set[str] = set()
    for item in items:
        if isinstance(item, CallItem):
            open_calls.add(item.call_id)
        elif isinstance(item, CallOutputItem):
            if item.call_id not in open_calls:
                message = f"No tool call found for function call output with call_id {item.call_id}."
                raise bad_request(message, param="input")
            open_calls.remove(item.call_id)
    if open_calls:
        missing = next(i.call_id for i in items if isinstance(i, CallItem) and i.call_id in open_calls)
        raise bad_request(f"No tool output found for function call {missing}.", param="input")


def _check_reasoning(items: Sequence[Item]) -> None:
    """A thought is sent back whole, as nothing is kept here, and before the item that came of it."""
    for number, item in enumerate(items):
        if isinstance(item, ReferenceItem) or (isinstance(item, ReasoningItem) and not item.encrypted_content):
            raise _not_kept(item.id)
        if not isinstance(item, ReasoningItem):
            continue
        if read_seal(item.encrypted_content or "") is None:
            raise bad_request(
                f"The encrypted content for item {item.id} could not be verified.",
                param=f"input[{number}].encrypted_content",
                code="invalid_encrypted_content",
            )
        following = items[number + 1] if number + 1 < len(items) else None
        if not _is_output(following):
            raise bad_request(
                f"Item '{item.id}' of type 'reasoning' was provided without its required following item.", param="input"
            )


def _is_output(item: Item | None) -> bool:
    return isinstance(item, CallItem | ReasoningItem) or (isinstance(item, MessageItem) and item.role == "assistant")


def _not_kept(item_id: str) -> WireError:
    return WireError(
        status=404,
        type="invalid_request_error",
        message=(
            f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. Try again with "
            "`store` set to true, or remove this item from your input."
        ),
        param="input",
    )


def _not_stored(response_id: str) -> WireError:
    return bad_request(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )
