"""A turn whose worker died ends as interrupted, with exactly what had reached its log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from accounts.models import User
from agents.llm.messages import Message as MessageValue
from agents.llm.messages import TextPart, ToolCall
from agents.model_counter import UNKNOWN_COUNTER
from agents.models import ModelCall, StoredResult
from chat import ended_turns, reaper, transcript, turns
from chat.lease import LeaseLost
from chat.models import Iteration, Message, Turn, TurnEvent
from chat.stored_results import handle_of, scope_of
from chat.turn_rows import Tip, add_message
from chat.turns import Claimed
from tests.chat.made import claimed, conversation_of, logged, queued, write

BUDGET = {"instructions": 2, "tools": 2, "overhead": 1, "conversation": 5, "message": 5}
RECEIPT: dict[str, Any] = {
    "total": 10,
    "limit": 8192,
    **BUDGET,
    "earlier": {"count": 0, "tokens": 0},
    "entries": [],
    "boundary": None,
}
STARTED = ("turn.started", {"agent": "smart", "provider": "sandbox", "model": "sandbox-claude"})


def begin_iteration(one: Claimed, n: int = 1) -> tuple[str, str]:
    """What a worker writes before its call; the ids of the answer to come and of the call."""
    message, call = str(uuid4()), str(uuid4())
    shown = {
        "call": call,
        "tokens": 10,
        "limit": 8192,
        "budget": BUDGET,
        "left_out": 0,
        "left_out_tokens": 0,
        "boundary": None,
        "built_tokens": None,
        "reply_cap": None,
    }
    write(one.lease, ("iteration.started", {"n": n, "max": 15, "message": message}), ("context.built", shown))
    Iteration.objects.create(turn=one.turn, n=n, receipt={**RECEIPT, "call": call})
    ModelCall.objects.create(pk=call, estimated_input_tokens=10, max_output_tokens=100)
    return message, call


def keep_answer(one: Claimed, message: str, *calls: ToolCall, text: str = "") -> None:
    """What a worker writes when an answer is complete and its tools are about to run."""
    question = Message.objects.get(pk=one.turn.question_id)
    said = (TextPart(text=text),) if text else ()
    value = MessageValue(role="assistant", parts=(*said, *calls), id=message)
    add_message(lease=one.lease, tip=Tip.at(question), message=value, counter=UNKNOWN_COUNTER)
    Iteration.objects.filter(turn=one.turn, n=1).update(message_id=message)
    told = [("tool.call", {"id": call.id, "name": call.name, "arguments": call.arguments}) for call in calls]
    write(one.lease, ("usage", {"input_tokens": 7, "output_tokens": 3}), *told)


def delta(text: str) -> tuple[str, dict[str, Any]]:
    return ("delta", {"text": text})


def reaped(one: Claimed) -> Turn:
    events = reaper.reap(one.turn.pk)
    assert [event.fields["type"] for event in events] == ["turn.ended"]
    turn = Turn.objects.select_related("model__provider").get(pk=one.turn.pk)
    assert (turn.status, turn.reason) == ("interrupted", "worker_lost")
    return turn


def answers(turn: Turn) -> list[Message]:
    return list(Message.objects.filter(turn=turn, role="assistant").order_by("position"))


def texts(row: Message) -> str:
    return "".join(part["text"] for part in row.parts if part["kind"] == "text")


def assert_rows_tell_what_the_log_tells(turn: Turn) -> None:
    folded, stored = transcript.folded(turn), ended_turns.states([turn])[str(turn.pk)]
    for one, other in zip(folded["iterations"], stored["iterations"], strict=True):
        assert (one["text"], one["reasoning"]) == (other["text"], other["reasoning"])
        assert [(tool["id"], tool["ok"], tool["preview"], tool["shortened"]) for tool in one["tools"]] == [
            (tool["id"], tool["ok"], tool["preview"], tool["shortened"]) for tool in other["tools"]
        ]
    assert folded["message"] == stored["message"]
    assert folded["usage"] == stored["usage"]


def test_nothing_was_said(owner: User) -> None:
    one = claimed(owner)
    turn = reaped(one)
    assert answers(turn) == []
    assert logged(turn) == [(1, "turn.queued"), (2, "turn.ended")]
    assert_rows_tell_what_the_log_tells(turn)


def test_in_the_middle_of_a_text(owner: User) -> None:
    one = claimed(owner)
    write(one.lease, STARTED)
    message, call = begin_iteration(one)
    write(one.lease, ("reasoning", {"text": "hm, "}), ("reasoning", {"text": "yes"}), delta("Half a "), delta("sent"))
    turn = reaped(one)
    [answer] = answers(turn)
    assert str(answer.pk) == message
    assert texts(answer) == "Half a sent"
    assert answer.position == 1
    assert answer.parent_id == turn.question_id
    kept = ModelCall.objects.get(pk=call)
    assert (kept.status, kept.error_code, kept.input_tokens) == ("failed", "worker_lost", None)
    assert kept.ended_at is not None
    iteration = Iteration.objects.get(turn=turn)
    assert (str(iteration.message_id), str(iteration.model_call_id)) == (message, call)
    assert_rows_tell_what_the_log_tells(turn)


def test_in_the_middle_of_its_tools(owner: User) -> None:
    one = claimed(owner)
    write(one.lease, STARTED)
    message, _ = begin_iteration(one)
    write(one.lease, delta("I look."))
    keep_answer(one, message, *(ToolCall(id=id, name="look") for id in "abc"), text="I look.")
    whole = {"ok": True, "preview": "found", "tokens": 1, "shortened": False}
    cut = {"ok": False, "preview": "x" * 400, "tokens": 900, "shortened": True}
    write(one.lease, ("tool.result", {"id": "c", **whole}), ("tool.result", {"id": "a", **cut}))
    turn = reaped(one)
    [answer] = answers(turn)
    assert texts(answer) == "I look."
    results = Message.objects.get(turn=turn, role="tool")
    assert results.parent_id == answer.pk
    assert [part["call_id"] for part in results.parts] == ["a", "c"]
    assert "lost when the server stopped" in results.parts[0]["text"]
    assert results.parts[1]["text"] == "found"


def test_a_result_that_was_stored_whole_can_be_recalled(owner: User) -> None:
    one = claimed(owner)
    write(one.lease, STARTED)
    message, _ = begin_iteration(one)
    write(one.lease, delta("I look."))
    keep_answer(one, message, *(ToolCall(id=id, name="look") for id in "ab"), text="I look.")
    handle = handle_of(message, 2)
    scope = scope_of(one.turn.conversation_id)
    StoredResult.objects.create(owner=owner, scope=scope, handle=handle, tool="look", text="x" * 9_000, size=9_000)
    cut = {"ok": True, "preview": "x" * 400, "tokens": 900, "shortened": True}
    write(one.lease, ("tool.result", {"id": "b", **cut}))
    turn = reaped(one)
    [part] = Message.objects.get(turn=turn, role="tool").parts
    assert part["handle"] == handle
    assert part["text"].startswith("x" * 400)
    assert f"recall {handle} reads all of this result" in part["text"]
    assert turn.usage["input_tokens"] == 7
    assert_rows_tell_what_the_log_tells(turn)


def test_in_a_later_iteration_all_of_them_stay_in_their_order(owner: User) -> None:
    one = claimed(owner)
    write(one.lease, STARTED)
    first, _ = begin_iteration(one)
    write(one.lease, delta("One."))
    keep_answer(one, first, ToolCall(id="a", name="look"), text="One.")
    write(one.lease, ("tool.result", {"id": "a", "ok": True, "preview": "r", "tokens": 1, "shortened": False}))
    second, _ = begin_iteration(one, n=2)
    write(one.lease, delta("Tw"))
    turn = reaped(one)
    path = Message.objects.filter(turn=turn).order_by("position")
    assert [(row.position, row.role) for row in path] == [(0, "user"), (1, "assistant"), (2, "tool"), (3, "assistant")]
    assert [texts(row) for row in answers(turn)] == ["One.", "Tw"]
    assert TurnEvent.objects.filter(turn=turn).last().data["message"] == second  # type: ignore[union-attr]
    assert_rows_tell_what_the_log_tells(turn)


def test_a_second_look_finds_nothing_more_to_do(owner: User) -> None:
    one = claimed(owner)
    reaped(one)
    assert reaper.reap(one.turn.pk) == []
    assert logged(one.turn)[-1] == (2, "turn.ended")


def test_the_dead_workers_pen_is_taken_away(owner: User) -> None:
    one = claimed(owner)
    reaped(one)
    with pytest.raises(LeaseLost):
        write(one.lease, delta("late"))


def test_a_log_of_a_newer_version_is_ended_too(owner: User) -> None:
    one = claimed(owner)
    write(one.lease, STARTED)
    begin_iteration(one)
    write(one.lease, delta("known "), ("hologram", {"shape": "cube"}), delta("words"))
    turn = reaped(one)
    assert texts(answers(turn)[0]) == "known words"


def test_a_log_that_makes_no_sense_is_ended_too(owner: User, caplog: pytest.LogCaptureFixture) -> None:
    one = claimed(owner)
    write(one.lease, delta("text of no iteration"))
    turn = reaped(one)
    assert answers(turn) == []
    assert "could not be read" in caplog.text


def test_a_turn_that_waited_in_the_queue_runs_after_the_lost_one(owner: User) -> None:
    conversation = conversation_of(owner)
    first, second = queued(owner, conversation=conversation), queued(owner, conversation=conversation)
    [one] = turns.claim(owner="dead", capacity=1)
    assert one.turn.pk == first.turn.pk
    reaped(one)
    [next_one] = turns.claim(owner="alive", capacity=1)
    assert next_one.turn.pk == second.turn.pk


def test_only_a_lease_that_has_run_out_is_lost(owner: User) -> None:
    alive, dead = claimed(owner, owner="alive"), claimed(owner, owner="dead")
    turns.renew(owner="alive", running=[alive.turn.pk], now=Now() + timedelta(seconds=10))
    assert turns.expired(now=Now() + timedelta(seconds=20)) == [dead.turn.pk]
