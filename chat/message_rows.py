"""Between a message row and the value that the core works on."""

from __future__ import annotations

from agents.llm.messages import PARTS_VERSION, Message, parts_to_list
from chat import models


def to_value(row: models.Message) -> Message:
    """The row as a `Message`. ValueError where its parts are of a version that this code does not read."""
    return Message.from_dict({"id": str(row.pk), "role": row.role, "version": row.parts_version, "parts": row.parts})


def text_of(row: models.Message) -> str:
    return "".join(part["text"] for part in row.parts if part["kind"] == "text")


def set_parts(row: models.Message, message: Message) -> None:
    row.parts = parts_to_list(message.parts)
    row.parts_version = PARTS_VERSION
