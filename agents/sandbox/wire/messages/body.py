"""The body of `POST /v1/messages`. Where its shape is wrong, pydantic's words are the API's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, ValidationError

from agents.sandbox.models import Effort, ThinkingType
from agents.sandbox.wire.base import WireError


def _as_blocks(content: Any) -> Any:
    """A string is short for one text block; an empty string is empty content."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CacheMark(_Strict):
    """The prefix up to here is to be cached."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class _Block(_Strict):
    cache_control: CacheMark | None = None


class TextBlock(_Block):
    type: Literal["text"]
    text: str
    citations: list[Any] | None = None


class MediaBlock(_Block):
    type: Literal["image", "document"]
    source: dict[str, Any]
    title: str | None = None
    context: str | None = None
    citations: dict[str, Any] | None = None


class ThinkingBlock(_Strict):
    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlock(_Strict):
    type: Literal["redacted_thinking"]
    data: str


class ToolUseBlock(_Block):
    type: Literal["tool_use"]
    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    name: str = Field(min_length=1, max_length=200)
    input: dict[str, Any]
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class ToolResultBlock(_Block):
    type: Literal["tool_result"]
    tool_use_id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    content: Annotated[list[Annotated[TextBlock | MediaBlock, Discriminator("type")]], BeforeValidator(_as_blocks)] = []
    is_error: bool | None = None
    toolset_name: str | None = None


Block = Annotated[
    TextBlock | MediaBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | ToolResultBlock,
    Discriminator("type"),
]


class MessageBody(_Strict):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], BeforeValidator(_as_blocks)]


class ToolBody(_Block):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")
    input_schema: dict[str, Any]
    description: str = ""
    type: Literal["custom"] | None = None
    strict: bool | None = None
    input_examples: list[Any] | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None


class ToolChoiceBody(_Strict):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingBody(_Strict):
    type: ThinkingType
    budget_tokens: int | None = Field(default=None, ge=1_024)
    display: Literal["summarized", "omitted"] | None = None
    block_binding: dict[str, Any] | None = None


class OutputConfigBody(_Strict):
    effort: Effort | None = None
    format: dict[str, Any] | None = None
    task_budget: Any = None


class CountBody(_Strict):
    """`POST /v1/messages/count_tokens`."""

    model: str
    messages: list[MessageBody]
    system: Annotated[list[TextBlock], BeforeValidator(_as_blocks)] = []
    tools: list[ToolBody] = []
    tool_choice: ToolChoiceBody | None = None
    thinking: ThinkingBody | None = None
    output_config: OutputConfigBody | None = None
    cache_control: CacheMark | None = None
    speed: str | None = None
    user_profile_id: str | None = None
    workspace_id: str | None = None


class MessagesBody(CountBody):
    """Fields that the sandbox reads are typed; the others are only known."""

    max_tokens: int = Field(ge=0)
    stream: bool = False
    stop_sequences: list[str] = []
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    metadata: dict[str, Any] | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Any = None
    diagnostics: Any = None
    inference_geo: str | None = None


Body = TypeVar("Body", bound=BaseModel)


def bad_request(message: str) -> WireError:
    return WireError(status=400, type="invalid_request_error", message=message)


def parse_body(kind: type[Body], data: Any) -> Body:
    """`data` as a body of `kind`; the first thing wrong with its shape is a 400 in the API's words."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise bad_request(f"{place}: {first['msg']}") from None
