"""The body of `POST /v1/responses`, and that of its counting sibling."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from agents.sandbox.models import Effort
from agents.sandbox.wire.openai_shape import NAME_PATTERN, Strict, parse_shape

Status = Literal["in_progress", "completed", "incomplete"]
PartType = Literal["input_text", "input_image", "input_file", "output_text", "refusal"]


def _as_items(data: Any) -> Any:
    """A string is short for one message of the user."""
    return [{"role": "user", "content": data}] if isinstance(data, str) else data


def _kind_of(item: Any) -> str:
    """What an item is; without a type it is a message."""
    kind = item.get("type", "message") if isinstance(item, dict) else "message"
    return f"<{kind}>"


def _form_of(content: Any) -> str:
    return "<parts>" if isinstance(content, list) else "<text>"


class Part(Strict):
    type: PartType
    text: str = ""
    refusal: str = ""
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None
    image_url: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: dict[str, Any] | None = None


Content = Annotated[Annotated[str, Tag("<text>")] | Annotated[list[Part], Tag("<parts>")], Discriminator(_form_of)]


class MessageItem(Strict):
    """A message in either form: as one writes it, or as it came back in an output."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Content
    id: str | None = None
    status: Status | None = None
    phase: Literal["commentary", "final_answer"] | None = None


class CallItem(Strict):
    type: Literal["function_call"]
    call_id: str = Field(min_length=1, max_length=64)
    name: str = Field(pattern=NAME_PATTERN)
    arguments: str
    id: str | None = None
    status: Status | None = None
    caller: dict[str, Any] | None = None
    namespace: str | None = None
    is_async: bool | None = Field(default=None, alias="async")


class CallOutputItem(Strict):
    type: Literal["function_call_output"]
    call_id: str = Field(min_length=1, max_length=64)
    output: Content
    id: str | None = None
    status: Status | None = None
    caller: dict[str, Any] | None = None
    name: str | None = None
    namespace: str | None = None


class ThoughtText(Strict):
    type: Literal["summary_text", "reasoning_text"]
    text: str


class ReasoningItem(Strict):
    type: Literal["reasoning"]
    id: str
    summary: list[ThoughtText]
    content: list[ThoughtText] | None = None
    encrypted_content: str | None = None
    status: Status | None = None


class ReferenceItem(Strict):
    type: Literal["item_reference"]
    id: str


Item = MessageItem | CallItem | CallOutputItem | ReasoningItem | ReferenceItem

_TAGGED = (
    Annotated[MessageItem, Tag("<message>")]
    | Annotated[CallItem, Tag("<function_call>")]
    | Annotated[CallOutputItem, Tag("<function_call_output>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[ReferenceItem, Tag("<item_reference>")]
)


class Tool(Strict):
    type: Literal["function"]
    name: str = Field(pattern=NAME_PATTERN)
    parameters: dict[str, Any] | None
    description: str | None = None
    strict: bool | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    output_schema: dict[str, Any] | None = None
    is_async: bool | None = Field(default=None, alias="async")


class Reasoning(Strict):
    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: str | None = None


class CountBody(Strict):
    """`POST /v1/responses/input_tokens`."""

    model: str
    input: Annotated[list[Annotated[_TAGGED, Discriminator(_kind_of)]], BeforeValidator(_as_items)] = []
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    text: dict[str, Any] | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    truncation: Literal["auto", "disabled"] | None = None
    personality: str | None = None


class ResponsesBody(CountBody):
    """Fields that the sandbox reads are typed; the others are only known."""

    max_output_tokens: int | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    store: bool | None = None
    include: list[str] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_logprobs: int | None = None
    metadata: dict[str, Any] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    user: str | None = None
    access_programs: Any = None
    background: bool | None = None
    background_options: Any = None
    context_management: Any = None
    image: Any = None
    max_tool_calls: int | None = None
    moderation: Any = None
    prompt: Any = None


def parse_body(data: Any) -> ResponsesBody:
    return parse_shape(ResponsesBody, data)


def parse_count_body(data: Any) -> CountBody:
    return parse_shape(CountBody, data)
