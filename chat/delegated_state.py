"""The steps of a delegated run, as part of its turn's state: they stand with the call that the run is for, under
`delegated`, which no other call has. From events, or from rows: both give the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from agents.llm.messages import Message, ReasoningPart
from chat.context import summary
from chat.models import DelegatedRun, Iteration
from chat.previews import shown_result
from chat.turn_pieces import Event, counted, new_iteration, new_tool, no_longer_waiting, put_result

State = dict[str, Any]

_CONTEXT = ("tokens", "limit", "left_out", "built_tokens", "reply_cap")


def context_event(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Of a stored receipt, what `delegate.iteration` tells."""
    sent = summary(receipt)
    return {"model_call": sent["call"], **{name: sent[name] for name in _CONTEXT}}


def _iterations(state: State, event: Event) -> list[dict[str, Any]]:
    tools = state["iterations"][-1]["tools"]
    tool: dict[str, Any] = next((tool for tool in tools if tool["id"] == event["call"]), {})
    run = tool.setdefault("delegated", {"agent": event.get("agent"), "iterations": []})
    found: list[dict[str, Any]] = run["iterations"]
    return found


def _iteration(state: State, event: Event) -> None:
    """Comes again for an iteration whose call is sent in another form than it was built."""
    iterations = _iterations(state, event)
    if not iterations or iterations[-1]["n"] != event["n"]:
        iterations.append(new_iteration(event))
    iterations[-1]["context"] = _context(event)
    state.update(n=event["n"], max=event["max"])


def _context(event: Event) -> dict[str, Any]:
    return {"call": event["model_call"], **{name: event[name] for name in _CONTEXT}}


def _answer(state: State, event: Event) -> None:
    no_longer_waiting(state)
    said = {"text": event["text"], "reasoning": event["reasoning"], "usage": counted(event)}
    _iterations(state, event)[-1].update(said)


def _tool(state: State, event: Event) -> None:
    _iterations(state, event)[-1]["tools"].append(new_tool(event))


def _result(state: State, event: Event) -> None:
    put_result(_iterations(state, event)[-1]["tools"], event)


APPLY: Mapping[str, Callable[[State, Event], None]] = {
    "delegate.iteration": _iteration,
    "delegate.answer": _answer,
    "delegate.tool": _tool,
    "delegate.result": _result,
}


def add_runs(state: State, runs: Iterable[DelegatedRun], iterations: Sequence[Iteration]) -> None:
    """To a state that was read from rows. `iterations` are those of the turn's runs, in their order."""
    own = {iteration["n"]: iteration["tools"] for iteration in state["iterations"]}
    for run in runs:
        tool = next((tool for tool in own.get(run.called_in, ()) if tool["id"] == run.call), None)
        if tool is not None:
            steps = [_from_row(row, run) for row in iterations if row.run_id == run.pk]
            tool["delegated"] = {"agent": run.agent, "iterations": steps}


def _from_row(row: Iteration, run: DelegatedRun) -> dict[str, Any]:
    said = [Message.from_dict(entry) for entry in run.messages if entry["n"] == row.n]
    answer = next((message for message in said if message.role == "assistant"), None)
    iteration = new_iteration({"n": row.n, "message": answer.id if answer else None})
    iteration["context"] = _context(context_event(row.receipt))
    if answer is not None:
        thoughts = "".join(part.text for part in answer.parts if isinstance(part, ReasoningPart))
        iteration |= {"text": answer.text, "reasoning": thoughts}
        iteration["tools"] = [new_tool(vars(call)) for call in answer.tool_calls]
    for result in (part for message in said for part in message.tool_results):
        put_result(iteration["tools"], {**shown_result(result), "tokens": None})
    return iteration
