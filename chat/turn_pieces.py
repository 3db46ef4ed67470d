"""What the state of a turn is made of: its iterations and their tool calls, as events tell them. `turn_state` folds the
turn's own, `delegated_state` those of the runs inside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]


def new_iteration(event: Event) -> dict[str, Any]:
    return {
        "n": event["n"],
        "message": event["message"],
        "text": "",
        "reasoning": "",
        "tools": [],
        "context": None,
        "usage": None,
    }


def new_tool(event: Event) -> dict[str, Any]:
    return {
        "id": event["id"],
        "name": event["name"],
        "arguments": event["arguments"],
        "ok": None,
        "preview": "",
        "tokens": None,
        "shortened": False,
        "took_ms": None,
        "approval": None,
    }


def put_result(tools: Iterable[dict[str, Any]], event: Event) -> None:
    for tool in tools:
        if tool["id"] == event["id"]:
            tool.update({name: event.get(name) for name in ("ok", "preview", "tokens", "shortened", "took_ms")})


def counted(event: Event) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name.endswith("_tokens")}


def no_longer_waiting(state: dict[str, Any]) -> None:
    if state["waiting"] is not None:
        state.update(status="running", waiting=None)
