"""What the Messages API demands of a conversation beyond its shape: sizes, pairs, order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from agents.sandbox.models import ServedClaude
from agents.sandbox.wire.messages.body import (
    Block,
    CountBody,
    MediaBlock,
    MessageBody,
    MessagesBody,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    bad_request,
)


def check_size(body: MessagesBody, *, model: ServedClaude) -> None:
    """Whether the model can write that much. Raises WireError with status 400."""
    if body.max_tokens > model.max_output_tokens:
        raise bad_request(
            f"max_tokens: {body.max_tokens} > {model.max_output_tokens}, "
            f"which is the maximum allowed number of output tokens for {model.id}"
        )


def check_conversation(body: CountBody, *, model: ServedClaude) -> None:
    """The rules of tools and messages, which hold for counting too. Raises WireError with status 400."""
    _check_tools(body)
    if any(not block.text for block in body.system):
        raise bad_request("system: text content blocks must be non-empty")
    if not body.messages:
        raise bad_request("messages: at least one message is required")
    if body.messages[0].role == "assistant":
        raise bad_request('messages: first message must use the "user" role')
    last = len(body.messages) - 1
    for number, message in enumerate(body.messages):
        _check_role(body.messages, number=number, model=model)
        _check_content(message, number=number, last=number == last)
    _check_ids(body.messages)
    for number in range(len(body.messages)):
        _check_calls(body.messages, number=number)
        _check_results(body.messages, number=number)
    if body.messages[-1].role == "assistant" and not model.prefill:
        raise bad_request(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _check_tools(body: CountBody) -> None:
    names = [tool.name for tool in body.tools]
    if len(set(names)) < len(names):
        raise bad_request("tools: Tool names must be unique.")
    for number, tool in enumerate(body.tools):
        if tool.input_schema.get("type") != "object":
            raise bad_request(f"tools.{number}.custom.input_schema.type: Input should be 'object'")
    choice = body.tool_choice
    if choice is not None and not body.tools:
        raise bad_request("tool_choice may only be specified while providing tools.")
    if choice is not None and choice.type == "tool" and choice.name not in names:
        raise bad_request(f"Tool '{choice.name}' not found in provided tools")


def _check_role(messages: Sequence[MessageBody], *, number: int, model: ServedClaude) -> None:
    """A system message stands right after a user's, and only newer models take one."""
    if messages[number].role != "system":
        return
    if not model.system_messages or number == 0 or messages[number - 1].role != "user":
        raise bad_request(f"messages.{number}.role: Input should be 'user' or 'assistant'")


def _check_content(message: MessageBody, *, number: int, last: bool) -> None:
    if not message.content and not (last and message.role == "assistant"):
        raise bad_request(
            f"messages.{number}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    for place, block in enumerate(message.content):
        _check_text(block)
        if isinstance(block, MediaBlock) and message.role == "assistant":
            raise bad_request(
                f"messages.{number}.content.{place}: `{block.type}` blocks are not permitted in assistant turns"
            )
        if isinstance(block, ToolUseBlock) and message.role != "assistant":
            raise bad_request(f"messages.{number}: `tool_use` blocks can only be in `assistant` messages")
        if isinstance(block, ToolResultBlock) and message.role != "user":
            raise bad_request(f"messages.{number}: `tool_result` blocks can only be in `user` messages")


def _check_text(block: Block) -> None:
    if not isinstance(block, TextBlock):
        return
    if not block.text:
        raise bad_request("messages: text content blocks must be non-empty")
    if block.text.isspace():
        raise bad_request("messages: text content blocks must contain non-whitespace text")


def _check_ids(messages: Sequence[MessageBody]) -> None:
    ids = [name for message in messages for name in _call_ids(message)]
    if len(set(ids)) < len(ids):
        raise bad_request("messages: `tool_use` ids must be unique")


def _check_calls(messages: Sequence[MessageBody], *, number: int) -> None:
    """Every call has its result in the next message, before anything else there."""
    following = messages[number + 1].content if number + 1 < len(messages) else []
    leading = takewhile(lambda block: isinstance(block, ToolResultBlock), following)
    answered = {block.tool_use_id for block in leading if isinstance(block, ToolResultBlock)}
    if missing := [name for name in _call_ids(messages[number]) if name not in answered]:
        raise bad_request(
            f"messages.{number + 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message."
        )


def _check_results(messages: Sequence[MessageBody], *, number: int) -> None:
    """Every result belongs to a call in the message before, and is the only one for it."""
    called = set(_call_ids(messages[number - 1])) if number else set()
    for place, block in enumerate(messages[number].content):
        if not isinstance(block, ToolResultBlock):
            continue
        if block.tool_use_id not in called:
            raise bad_request(_unexpected_result(block.tool_use_id, at=f"messages.{number}.content.{place}"))
        called.discard(block.tool_use_id)


def _unexpected_result(call_id: str, *, at: str) -> str:
    return (
        f"{at}: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each `tool_result` block must have "
        "a corresponding `tool_use` block in the previous message."
    )


def _call_ids(message: MessageBody) -> list[str]:
    return [block.id for block in message.content if isinstance(block, ToolUseBlock)]
