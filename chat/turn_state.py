"""The state of a turn as a pure fold over its events: what a browser shows, what a crash leaves, what a page embeds.

`static/js/chat/turn-state.js` is the same function for the browser. For every recorded log, the text of an iteration
equals the text of its message row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chat import delegated_state
from chat.turn_pieces import counted, new_iteration, new_tool, no_longer_waiting, put_result

State = dict[str, Any]


def initial(*, turn: str, conversation: str) -> State:
    return {
        "turn": turn,
        "conversation": conversation,
        "question": None,
        "seq": 0,
        "status": "queued",
        "reason": None,
        "error": None,
        "finish_reason": None,
        "position": None,
        "agent": None,
        "provider": None,
        "model": None,
        "n": 0,
        "max": 0,
        "iterations": [],
        "approvals": [],
        "waiting": None,
        "usage": None,
        "message": None,
    }


def fold(state: State, events: Iterable[Mapping[str, Any]]) -> State:
    """`state` after `events` (each `{type, seq, …}`, in order of seq). Events already folded are skipped.

    So are types that this code does not know: a newer version may have written the log.
    """
    for event in events:
        if event["seq"] > state["seq"]:
            _APPLY.get(event["type"], _unknown)(state, event)
            state["seq"] = event["seq"]
    return state


def _unknown(state: State, event: Mapping[str, Any]) -> None:
    """Changes nothing but the seq."""


def _queued(state: State, event: Mapping[str, Any]) -> None:
    state.update(position=event["position"], question=event.get("question"))


def _started(state: State, event: Mapping[str, Any]) -> None:
    state.update(
        status="running",
        position=None,
        agent=event["agent"],
        provider=event["provider"],
        model=event["model"],
        question=event.get("question", state["question"]),
    )


def _iteration_started(state: State, event: Mapping[str, Any]) -> None:
    state.update(n=event["n"], max=event["max"])
    state["iterations"].append(new_iteration(event))


_CONTEXT = ("call", "tokens", "limit", "budget", "left_out", "left_out_tokens", "boundary", "built_tokens", "reply_cap")


def _context_built(state: State, event: Mapping[str, Any]) -> None:
    state["iterations"][-1]["context"] = {name: event.get(name) for name in _CONTEXT}


def _waiting(state: State, event: Mapping[str, Any]) -> None:
    names = ("reason", "pool", "retry_at", "used", "limit", "position")
    state.update(status="waiting", waiting={name: event[name] for name in names})


def _granted(state: State, event: Mapping[str, Any]) -> None:
    no_longer_waiting(state)


def _delta(state: State, event: Mapping[str, Any]) -> None:
    no_longer_waiting(state)
    state["iterations"][-1]["text"] += event["text"]


def _reasoning(state: State, event: Mapping[str, Any]) -> None:
    no_longer_waiting(state)
    state["iterations"][-1]["reasoning"] += event["text"]


def _tool_call(state: State, event: Mapping[str, Any]) -> None:
    no_longer_waiting(state)
    state["iterations"][-1]["tools"].append(new_tool(event))


def _approval(state: State, event: Mapping[str, Any]) -> None:
    names = ("id", "call", "tool", "title", "request", "expires_at")
    state["approvals"].append({name: event[name] for name in names} | {"status": "pending"})
    _note_approval(state, call=event["call"], status="pending")


def _decided(state: State, event: Mapping[str, Any]) -> None:
    status = "approved" if event["approved"] else "denied" if event["by"] else "expired"
    for approval in state["approvals"]:
        if approval["id"] == event["id"]:
            approval["status"] = status
    _note_approval(state, call=event["call"], status=status)


def _note_approval(state: State, *, call: str, status: str) -> None:
    for tool in state["iterations"][-1]["tools"]:
        if tool["id"] == call:
            tool["approval"] = status


def _tool_result(state: State, event: Mapping[str, Any]) -> None:
    put_result(state["iterations"][-1]["tools"], event)


def _usage(state: State, event: Mapping[str, Any]) -> None:
    no_longer_waiting(state)
    state["iterations"][-1]["usage"] = counted(event)


def _ended(state: State, event: Mapping[str, Any]) -> None:
    state.update(
        status=event["status"],
        reason=event["reason"],
        error=event.get("error"),
        finish_reason=event.get("finish_reason"),
        message=event["message"],
        usage=event["usage"],
        position=None,
        waiting=None,
    )

    _expire_approvals(state)


def _expire_approvals(state: State) -> None:
    """Nobody can decide any more what is still asked."""
    for approval in state["approvals"]:
        if approval["status"] == "pending":
            approval["status"] = "expired"
    for tool in (tool for iteration in state["iterations"] for tool in iteration["tools"]):
        if tool["approval"] == "pending":
            tool["approval"] = "expired"


_APPLY = {
    "turn.queued": _queued,
    "turn.started": _started,
    "iteration.started": _iteration_started,
    "context.built": _context_built,
    "turn.waiting": _waiting,
    "turn.granted": _granted,
    "delta": _delta,
    "reasoning": _reasoning,
    "tool.call": _tool_call,
    "tool.approval": _approval,
    "tool.decided": _decided,
    "tool.result": _tool_result,
    "usage": _usage,
    "turn.ended": _ended,
    **delegated_state.APPLY,
}
