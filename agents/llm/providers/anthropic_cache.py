"""Marks in a Messages request: up to here the prefix is worth keeping in the provider's prompt cache.

The wire takes four marks and reads the prefix in the order tools, instructions, messages. What is marked: the tools and
the instructions, which all conversations of an agent share; the end of the last turn, which later turns share; the
newest message, which the next iteration shares. A prefix below the model's minimum is simply not cached.
"""

from __future__ import annotations

from typing import Any

MARK = {"type": "ephemeral"}

_MARKABLE = ("text", "tool_use", "tool_result")


def mark(body: dict[str, Any]) -> None:
    """Marks `body` in place; every block that gets a mark belongs to `body` alone."""
    if body.get("tools"):
        body["tools"][-1]["cache_control"] = MARK
    if body.get("system"):
        body["system"] = [{"type": "text", "text": body["system"], "cache_control": MARK}]
    messages = body["messages"]
    question = _newest_question(messages)
    for place in {question - 1, len(messages) - 1}:
        if place >= 0:
            _mark_last_block(messages[place]["content"])


def _newest_question(messages: list[dict[str, Any]]) -> int:
    """The place of the message that began the current turn; 0 if there is none."""
    asked = [n for n, message in enumerate(messages) if message["role"] == "user" and _says_something(message)]
    return asked[-1] if asked else 0


def _says_something(message: dict[str, Any]) -> bool:
    return any(block["type"] == "text" for block in message["content"])


def _mark_last_block(content: list[dict[str, Any]]) -> None:
    block = next((block for block in reversed(content) if block["type"] in _MARKABLE), None)
    if block is not None:
        block["cache_control"] = MARK
