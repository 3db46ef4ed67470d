"""The state of ended turns, read from their rows: the log of an old turn may be gone, and a page shows many turns.

For a turn whose log is still there it equals the fold over the log, but for what only the log knows (previews are cut
from the stored results the same way).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chat import delegated_state, turn_state
from chat.approvals import told
from chat.context import summary
from chat.message_rows import text_of, to_value
from chat.models import Approval, DelegatedRun, Iteration, Message, Turn
from chat.previews import shown_result
from chat.turn_pieces import new_tool, put_result


def states(turns: Sequence[Turn]) -> dict[str, turn_state.State]:
    """By turn id, in four queries. Each turn's model must be loaded."""
    ids = [turn.pk for turn in turns]
    messages: defaultdict[UUID | None, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(turn__in=ids).exclude(role="user").order_by("position"):
        messages[message.turn_id].append(message)
    iterations: defaultdict[UUID, list[Iteration]] = defaultdict(list)
    for iteration in Iteration.objects.filter(turn__in=ids).select_related("model_call").order_by("n"):
        iterations[iteration.turn_id].append(iteration)
    asked: defaultdict[UUID, list[Approval]] = defaultdict(list)
    for approval in Approval.objects.filter(turn__in=ids):
        asked[approval.turn_id].append(approval)
    states = {str(turn.pk): _state(turn, iterations[turn.pk], messages[turn.pk], asked[turn.pk]) for turn in turns}
    runs: defaultdict[UUID, list[DelegatedRun]] = defaultdict(list)
    for run in DelegatedRun.objects.filter(turn__in=ids):
        runs[run.turn_id].append(run)
    for turn_id, delegated in runs.items():
        delegated_state.add_runs(states[str(turn_id)], delegated, iterations[turn_id])
    return states


def _state(  # noqa: PLR0917 - a turn and its rows
    turn: Turn, iterations: Sequence[Iteration], messages: Sequence[Message], asked: Sequence[Approval]
) -> turn_state.State:
    state = turn_state.initial(turn=str(turn.pk), conversation=str(turn.conversation_id))
    answers = [message for message in messages if message.role == "assistant"]
    maximum = turn.settings.get("values", {}).get("max_iterations", {}).get("value", 0)
    state.update(
        question=str(turn.question_id),
        seq=turn.seq,
        status=turn.status,
        reason=turn.reason or None,
        error=turn.error_message or None,
        finish_reason=turn.finish_reason or None,
        agent=turn.agent,
        provider=turn.model.provider.slug if turn.model else None,
        model=turn.model.model_id if turn.model else None,
        n=iterations[-1].n if iterations else 0,
        max=maximum if iterations else 0,
        iterations=[_iteration(one, messages, asked) for one in iterations if one.run_id is None],
        approvals=[{**told(approval), "status": approval.status} for approval in asked],
        usage=turn.usage,
        message=str(answers[-1].pk) if answers else None,
    )
    return state


def _iteration(iteration: Iteration, messages: Sequence[Message], asked: Sequence[Approval]) -> dict[str, Any]:
    answer = next((message for message in messages if message.pk == iteration.message_id), None)
    asked_here = {one.call: one.status for one in asked if one.n == iteration.n}
    results = next((message for message in messages if answer is not None and message.parent_id == answer.pk), None)
    return {
        "n": iteration.n,
        "message": str(iteration.message_id) if iteration.message_id else None,
        "text": text_of(answer) if answer else "",
        "reasoning": "".join(part["text"] for part in answer.parts if part["kind"] == "reasoning") if answer else "",
        "tools": _tools(answer, results, asked_here) if answer else [],
        "context": summary(iteration.receipt),
        "usage": None,
    }


def _tools(answer: Message, results: Message | None, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    tools = [new_tool(part) for part in answer.parts if part["kind"] == "tool_call"]
    for result in to_value(results).tool_results if results else ():
        put_result(tools, {**shown_result(result), "tokens": None})
    for tool in tools:
        tool["approval"] = asked.get(tool["id"])
    return tools
