"""What one turn's context makes of the usage that a provider reports, and how it is kept with the conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents.llm.calibration import UNCALIBRATED, Counted, Report, observe
from agents.llm.correction import UNCORRECTED
from agents.llm.messages import ReasoningPart, TextPart, Usage, user_text
from agents.llm.tokens import TokenCounter
from agents.models import LanguageModel
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from chat import branches
from chat import context as contexts
from chat.calibrations import calibration_of, with_calibration
from chat.models import Conversation, Message
from tests.agents.llm.histories import says
from tests.chat.made import conversation_of

PASTE = " ".join(f"word{n}" for n in range(300))


@pytest.fixture
def turn(user: User) -> contexts.TurnContext:
    conversation = conversation_of(user)
    branch = branches.fork_after(None, conversation_id=conversation.pk)
    Message.objects.create(
        conversation=conversation, branch=branch, position=0, role="user", parts=[{"kind": "text", "text": PASTE}]
    )
    values = SettingValues(max_output_tokens=8_192, temperature=0.7, max_iterations=15, last_messages=0)
    return contexts.load(
        branch=branch,
        agent=DEFAULT_AGENT,
        model=LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude"),
        values=values,
    )


def saves(turn: contexts.TurnContext) -> int:
    with CaptureQueriesContext(connection) as queries:
        contexts.save_calibration(turn)
    return len(queries.captured_queries)


def test_without_usage_nothing_changes(turn: contexts.TurnContext) -> None:
    before = turn.build(is_last=False).limited.counts.total
    turn.observe(Usage())
    assert turn.calibration is UNCALIBRATED
    assert turn.limiter.counter.correction is UNCORRECTED
    assert turn.build(is_last=False).limited.counts.total == before
    assert saves(turn) == 0


def test_a_report_is_learnt_and_saved_once(turn: contexts.TurnContext) -> None:
    first = turn.build(is_last=False).limited.counts.total
    turn.observe(Usage(input_tokens=2 * first))
    assert turn.build(is_last=False).limited.counts.total == pytest.approx(2 * first, rel=0.03)
    assert saves(turn) == 1
    assert saves(turn) == 0
    kept = Conversation.objects.get(pk=turn.conversation_id).calibrations
    assert calibration_of(kept, model=turn.model, counter=turn.limiter.counter) == turn.calibration


def test_usage_that_comes_twice_counts_once(turn: contexts.TurnContext) -> None:
    first = turn.build(is_last=False).limited.counts.total
    turn.observe(Usage(input_tokens=2 * first))
    learnt = turn.calibration
    turn.observe(Usage(input_tokens=3 * first))
    assert turn.calibration is learnt


def test_the_request_that_was_refitted_is_the_one_that_is_reported(turn: contexts.TurnContext) -> None:
    request = turn.build(is_last=False).request
    assert request.refit is not None
    smaller = request.refit(8_000, False)
    turn.observe(Usage(input_tokens=smaller.counts.total))
    assert turn.limiter.counter.correction == UNCORRECTED


def test_a_reply_is_counted_as_it_was_told_from_the_next_call_on(turn: contexts.TurnContext) -> None:
    first = turn.build(is_last=False).limited.counts.total
    turn.observe(Usage(input_tokens=first, output_tokens=190, reasoning_tokens=40))
    turn.hear(says("a1", PASTE), 100)
    turn.add(says("a1", PASTE), 100)
    turn.add(user_text("And now?", id="q2"), 10)
    second = turn.build(is_last=False).limited.counts
    assert second.messages[1] == 150
    assert saves(turn) == 1
    kept = Conversation.objects.get(pk=turn.conversation_id).calibrations
    again = calibration_of(kept, model=turn.model, counter=turn.limiter.counter)
    assert again.corrections(["a1"]) == {"a1": 1_500}


def test_what_was_not_told_of_a_reply_is_not_guessed(turn: contexts.TurnContext) -> None:
    """Its thoughts are a part of what was counted, or it was cut short before anything was."""
    first = turn.build(is_last=False).limited.counts.total
    turn.observe(Usage(input_tokens=first, output_tokens=150))
    thought = replace(says("a1", PASTE), parts=(ReasoningPart(text="hm"), TextPart(text=PASTE)))
    turn.hear(thought, 100)
    turn.build(is_last=False)
    turn.hear(says("a2", PASTE), 100)
    assert turn.calibration.measured == {}


def a_counter(**changes: Any) -> TokenCounter:
    return replace(TokenCounter(factor=1.25), **changes)


def test_what_was_learnt_with_another_counter_or_by_another_version_begins_anew() -> None:
    model = LanguageModel()
    learnt = observe(UNCALIBRATED, Report(frame=100, messages=(Counted("a", 100),), reported=300))
    kept = with_calibration({"other": {}}, model=model, counter=a_counter(), calibration=learnt)
    assert set(kept) == {"other", str(model.pk)}
    assert calibration_of(kept, model=model, counter=a_counter()) == learnt
    assert calibration_of(kept, model=model, counter=a_counter(factor=1.5)) is UNCALIBRATED
    assert calibration_of({}, model=model, counter=a_counter()) is UNCALIBRATED
    kept[str(model.pk)]["version"] = 99
    assert calibration_of(kept, model=model, counter=a_counter()) is UNCALIBRATED
