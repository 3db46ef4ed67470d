"""What becomes of a turn whose worker is gone: it ends as `interrupted`, with the text that had reached its log."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db import OperationalError, transaction

from agents.ledger import find_call, give_up
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolResult, Usage
from agents.llm.tokens import TokenCounter
from agents.model_counter import UNKNOWN_COUNTER, counter_of
from agents.models import ModelCall, StoredResult
from chat import approvals, models, turn_state, turns
from chat.event_log import replay
from chat.lease import Lease, LeaseLost
from chat.models import Iteration, Turn
from chat.stored_results import handle_of, scope_of
from chat.turn_rows import Tip, add_message
from chat.turns import Ending
from chat.wire_event import WireEvent

logger = logging.getLogger(__name__)

LOST = "The server stopped while this answer was being written. What had arrived is kept."
_REST_IS_LOST = "\n\n[The rest of this result was lost when the server stopped.]"
_REST_IS_STORED = "\n\n[The server stopped here; recall {handle} reads all of this result.]"


def reap(turn_id: uuid.UUID) -> list[WireEvent]:
    """End the turn as interrupted, if it is still active. Returns its new events, to be published."""
    lease = turns.take_over(turn_id)
    if lease is None:
        return []
    try:
        with transaction.atomic():
            events = turns.finish(lease, _rescue(lease))
            approvals.expire_all(turn_id)
    except LeaseLost:
        return []  # Another reaper was later, and ends it.
    logger.warning("turn %s had lost its worker; it ended as interrupted", turn_id)
    return events


def _rescue(lease: Lease) -> Ending:
    """Keep what can be kept. A log that cannot be read must not keep its turn from ending."""
    message, usage = None, Usage().to_dict()
    try:
        with transaction.atomic():
            state = _state(lease)
            message, usage = _keep_what_arrived(lease, state), _usage(state)
    except OperationalError:
        raise
    except Exception:
        logger.exception("the log of turn %s could not be read", lease.turn_id)
    return Ending(status=Turn.Status.INTERRUPTED, reason="worker_lost", error=LOST, message=message, usage=usage)


def _state(lease: Lease) -> turn_state.State:
    conversation = str(lease.conversation_id)
    state = turn_state.initial(turn=str(lease.turn_id), conversation=conversation)
    while batch := replay(lease.turn_id, conversation=conversation, after=state["seq"]):
        turn_state.fold(state, (event.fields for event in batch))
    return state


def _usage(state: turn_state.State) -> dict[str, int]:
    total = Usage().to_dict()
    for iteration in _all_iterations(state):
        for name, tokens in (iteration["usage"] or {}).items():
            total[name] = total.get(name, 0) + tokens
    return total


def _all_iterations(state: turn_state.State) -> list[dict[str, Any]]:
    """The turn's own, and those of the runs inside it."""
    tools = [tool for iteration in state["iterations"] for tool in iteration["tools"]]
    return [*state["iterations"], *_delegated(tools)]


def _delegated(tools: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    return (iteration for tool in tools if "delegated" in tool for iteration in tool["delegated"]["iterations"])


def _give_up_delegated(iteration: dict[str, Any], *, turn: Turn) -> None:
    """What such a run has said is with its row already."""
    call = find_call(iteration["context"]["call"])
    if call is not None:
        give_up(call)
        Iteration.objects.filter(turn=turn, n=iteration["n"]).update(model_call=call)


def _keep_what_arrived(lease: Lease, state: turn_state.State) -> str | None:
    """Write the rows that the log has and the tree has not. Returns the id of the last answer."""
    turn = Turn.objects.select_related("question", "conversation", "model").get(pk=lease.turn_id)
    counter = _counter(turn)
    answer = None
    for iteration in state["iterations"]:
        call = find_call((iteration["context"] or {}).get("call"))
        if call is not None:
            give_up(call)
        if _keep_answer(iteration, call=call, lease=lease, turn=turn, counter=counter):
            answer = str(iteration["message"])
            _keep_results(iteration, lease=lease, turn=turn, counter=counter)
        for step in _delegated(iteration["tools"]):
            _give_up_delegated(step, turn=turn)
    return answer


def _keep_answer(
    iteration: dict[str, Any], *, call: ModelCall | None, lease: Lease, turn: Turn, counter: TokenCounter
) -> bool:
    """False where nothing had been said."""
    if models.Message.objects.filter(pk=iteration["message"]).exists():
        return True
    parts = _answer_parts(iteration)
    if parts:
        message = Message(role="assistant", parts=parts, id=iteration["message"])
        add_message(lease=lease, tip=_tip(turn), message=message, counter=counter)
    mine = Iteration.objects.filter(turn=turn, n=iteration["n"])
    mine.update(message_id=iteration["message"] if parts else None, model_call=call)
    return bool(parts)


def _keep_results(iteration: dict[str, Any], *, lease: Lease, turn: Turn, counter: TokenCounter) -> None:
    results = _result_parts(iteration, stored=_stored(iteration, conversation_id=lease.conversation_id))
    kept = models.Message.objects.filter(parent_id=iteration["message"], role="tool", turn=turn)
    if results and not kept.exists():
        message = Message(role="tool", parts=results, id=str(uuid.uuid4()))
        add_message(lease=lease, tip=_tip(turn), message=message, counter=counter)


def _answer_parts(iteration: dict[str, Any]) -> tuple[Part, ...]:
    reasoning = [ReasoningPart(text=iteration["reasoning"])] if iteration["reasoning"] else []
    text = [TextPart(text=iteration["text"])] if iteration["text"] else []
    calls = [ToolCall(id=tool["id"], name=tool["name"], arguments=tool["arguments"]) for tool in iteration["tools"]]
    return (*reasoning, *text, *calls)


def _stored(iteration: dict[str, Any], *, conversation_id: uuid.UUID) -> set[str]:
    """The handles of this iteration's results that were stored whole before the worker was lost."""
    handles = [handle_of(iteration["message"], number) for number in range(1, len(iteration["tools"]) + 1)]
    stored = StoredResult.objects.filter(scope=scope_of(conversation_id), handle__in=handles)
    return set(stored.values_list("handle", flat=True))


def _result_parts(iteration: dict[str, Any], *, stored: Collection[str]) -> tuple[Part, ...]:
    """The log has a preview of each result; a whole one that was not stored died with the worker."""
    numbered = [(handle_of(iteration["message"], n), tool) for n, tool in enumerate(iteration["tools"], start=1)]
    return tuple(
        ToolResult(
            call_id=tool["id"],
            name=tool["name"],
            text=_kept_text(tool, handle=handle, is_stored=handle in stored),
            ok=tool["ok"],
            handle=handle,
        )
        for handle, tool in numbered
        if tool["ok"] is not None
    )


def _kept_text(tool: dict[str, Any], *, handle: str, is_stored: bool) -> str:
    rest = _REST_IS_STORED.format(handle=handle) if is_stored else _REST_IS_LOST
    return str(tool["preview"]) + (rest if tool["shortened"] else "")


def _tip(turn: Turn) -> Tip:
    newest = models.Message.objects.filter(turn=turn, position__isnull=False).order_by("-position").first()
    if newest is not None and newest.pk != turn.question_id:
        return Tip.at(newest)
    question = turn.question
    question.branch_id = turn.conversation.active_branch_id
    return Tip.at(question)


def _counter(turn: Turn) -> TokenCounter:
    return UNKNOWN_COUNTER if turn.model is None else counter_of(turn.model)
