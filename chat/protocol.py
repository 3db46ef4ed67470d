"""Client frames: untrusted bytes become a typed frame, or an error that tells the client what was wrong.

orjson refuses what must be refused: absurd nesting, NaN, huge numbers, lone surrogates. Unknown fields are ignored, so
that a newer client can speak to an older server; unknown types are answered.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from accounts.moments import rfc3339
from accounts.refusals import InvalidRequest, Refusal
from agents.llm.errors import LLMError
from chat import send_limits
from chat.text_faults import fault_in

VERSION = "tokenproject.v1"

_SEQ_MAX = 2**53
_FAULTS_SHOWN = 5


def _storable(text: str) -> str:
    fault = fault_in(text)
    if fault:
        raise ValueError(fault)
    return text


Text = Annotated[str, AfterValidator(_storable)]
ClientMessageId = Annotated[Text, Field(min_length=1, max_length=send_limits.CLIENT_ID_CHARACTERS)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Annotated[Text, Field(max_length=send_limits.CLIENT_ID_CHARACTERS)] | None = None


class Subscribe(_Frame):
    type: Literal["subscribe"]
    conversation: UUID
    cursors: Annotated[
        dict[UUID, Annotated[int, Field(strict=True, ge=0, le=_SEQ_MAX)]],
        Field(max_length=send_limits.CURSORS_PER_SUBSCRIBE),
    ] = {}


class Unsubscribe(_Frame):
    type: Literal["unsubscribe"]
    conversation: UUID


class Send(_Frame):
    type: Literal["send"]
    conversation: UUID
    client_message_id: ClientMessageId
    text: Text
    parent: UUID | None = None


class Stop(_Frame):
    type: Literal["stop"]
    turn: UUID


class Shorten(_Frame):
    type: Literal["shorten"]
    turn: UUID


class Approve(_Frame):
    type: Literal["approve"]
    turn: UUID
    approval: UUID
    approved: Annotated[bool, Field(strict=True)]


class Regenerate(_Frame):
    type: Literal["regenerate"]
    message: UUID
    client_message_id: ClientMessageId
    provider: Text | None = None
    model: Text | None = None
    agent: Text | None = None


class Edit(_Frame):
    type: Literal["edit"]
    message: UUID
    client_message_id: ClientMessageId
    text: Text


class Ping(_Frame):
    type: Literal["ping"]


Frame = Subscribe | Unsubscribe | Send | Stop | Shorten | Approve | Regenerate | Edit | Ping

_WITH_TEXT = ("send", "edit")
_KNOWN = ("subscribe", "unsubscribe", "send", "stop", "shorten", "approve", "regenerate", "edit", "ping")
_parser: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


class BadFrame(Refusal):
    """Not a frame at all. More than five of these in a minute close the socket."""

    code: ClassVar[str] = "bad_frame"
    status: ClassVar[int] = 400


class UnsupportedType(Refusal):
    code: ClassVar[str] = "unsupported_type"
    status: ClassVar[int] = 400


class FrameRefused(Exception):
    """A frame that is refused. `id` is the client's id of it, None where the frame was unreadable."""

    def __init__(self, id: str | None, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.id = id
        self.refusal = refusal


def parse_frame(text: str | None) -> Frame:
    """The frame in a text message of the socket; None stands for a binary message. FrameRefused says why not."""
    if text is None:
        raise FrameRefused(None, BadFrame("Frames are JSON text; a binary frame is not read."))
    try:
        data: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise FrameRefused(None, BadFrame("This frame is not JSON that can be read. It was ignored.")) from None
    if not isinstance(data, dict):
        raise FrameRefused(None, BadFrame("A frame is one JSON object with a type. This one was ignored."))
    id = data["id"] if isinstance(data.get("id"), str) and len(data["id"]) <= send_limits.CLIENT_ID_CHARACTERS else None
    if data.get("type") not in _KNOWN:
        raise FrameRefused(id, UnsupportedType(f"A frame's type is one of: {', '.join(_KNOWN)}."))
    if len(text) > send_limits.SMALL_FRAME_CHARACTERS and data["type"] not in _WITH_TEXT:
        limit = f"must have at most {send_limits.SMALL_FRAME_CHARACTERS:,} characters, since it carries no message"
        raise FrameRefused(id, InvalidRequest.of_fields({"frame": limit}))
    try:
        return _parser.validate_python(data)
    except ValidationError as error:
        raise FrameRefused(id, InvalidRequest.of_fields(_faults(error))) from None


def _faults(error: ValidationError) -> dict[str, str]:
    """A few of the faults by their place: an answer is not longer than what it answers."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)[:_FAULTS_SHOWN]
    # The first place is the frame's type, which the discriminator adds.
    return {".".join(map(str, fault["loc"][1:]))[:100] or "frame": fault["msg"] for fault in faults}


def id_of(text: str | None) -> str | None:
    """The client's id of a frame that is not handled, if it is quickly read."""
    if text is None or len(text) > send_limits.SMALL_FRAME_CHARACTERS:
        return None
    try:
        return parse_frame(text).id
    except FrameRefused as refused:
        return refused.id


def error_frame(*, id: str | None, fault: Refusal | LLMError) -> dict[str, Any]:
    retry_at = fault.retry_at if isinstance(fault, Refusal) else None
    return {
        "type": "error",
        "id": id,
        "code": fault.code,
        "message": fault.message,
        "params": fault.params,
        "retryable": fault.retryable,
        "retry_at": rfc3339(retry_at) if retry_at else None,
        "ref": None,
    }


def internal_error_frame(*, id: str | None, ref: str) -> dict[str, Any]:
    """`ref` finds the traceback in the server's log."""
    message = f"Something went wrong on the server. Your text is kept; try again. Reference: {ref}"
    nothing = {"params": {}, "retryable": True, "retry_at": None}
    return {"type": "error", "id": id, "code": "internal", "message": message, **nothing, "ref": ref}
