from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings

from agents.llm.messages import Message, ReasoningPart, TextPart, user_text
from agents.llm.repair import INTERRUPTED, repair
from tests.agents.llm.histories import call, calls, histories, ids, result, results, says

QUESTION = user_text("Is it cold in Oslo?", id="q")


def repaired(*messages: Message) -> list[Message]:
    return list(repair(messages).messages)


def is_sound(messages: Sequence[Message]) -> bool:
    """Every call is answered once, by the tool messages that follow at once, and nothing else is answered."""
    answered: list[str] = []
    for message in reversed(messages):
        if message.role == "tool":
            answered += [part.call_id for part in message.tool_results]
            if not message.parts:
                return False
            continue
        asked = [part.id for part in message.tool_calls]
        if len(set(asked)) < len(asked) or sorted(asked) != sorted(answered):
            return False
        if message.role == "assistant" and not (asked or message.text.strip()):
            return False
        answered = []
    return not answered


def test_a_sound_history_stays_the_same_objects() -> None:
    history = [QUESTION, calls("a", call("c")), results("t", result("c")), says("b", "Yes.")]
    fixed = repair(history)
    assert fixed.nothing_done
    assert all(before is after for before, after in zip(history, fixed.messages, strict=True))


def test_a_call_without_a_result_is_interrupted() -> None:
    _, asked, added, again = repaired(QUESTION, calls("a", call("c")), user_text("Hello?", id="q2"))
    assert asked.tool_calls
    assert again.id == "q2"
    assert (added.role, added.id) == ("tool", "")
    assert added.tool_results == (result("c", INTERRUPTED, ok=False),)


def test_a_missing_result_joins_those_that_came() -> None:
    there = results("t", result("c2", "warm"))
    _, _, answered = repaired(QUESTION, calls("a", call("c1"), call("c2")), there)
    assert answered.id == "t"
    assert answered.tool_results == (result("c2", "warm"), result("c1", INTERRUPTED, ok=False))


def test_results_may_come_in_several_messages() -> None:
    history = [QUESTION, calls("a", call("c1"), call("c2")), results("t1", result("c2")), results("t2", result("c1"))]
    assert repair(history).nothing_done


def test_a_result_without_a_call_goes_and_so_does_its_empty_message() -> None:
    stray = results("t", result("c"))
    assert ids(repaired(QUESTION, stray, says("a", "Yes."), stray)) == ["q", "a"]


def test_a_result_that_comes_too_late_goes() -> None:
    late = results("t", result("c", "late"))
    *_, added, again = repaired(QUESTION, calls("a", call("c")), user_text("Hello?", id="q2"), late)
    assert added.tool_results[0].text == INTERRUPTED
    assert again.id == "q2"


def test_a_second_result_and_a_second_call_of_one_id_go() -> None:
    twice = results("t", result("c", "first"), result("c", "second"))
    _, asked, answered = repaired(QUESTION, calls("a", call("c", "1"), call("c", "2")), twice)
    assert asked.tool_calls == (call("c", "1"),)
    assert answered.tool_results == (result("c", "first"),)


def test_an_id_may_come_again_in_a_later_message() -> None:
    once = [calls("a1", call("c")), results("t1", result("c"))]
    again = [calls("a2", call("c")), results("t2", result("c"))]
    assert repair([QUESTION, *once, *again]).nothing_done


def test_an_empty_answer_goes_with_its_results() -> None:
    silent = Message(role="assistant", id="a", parts=(ReasoningPart(text="hm"), TextPart(text=" \n")))
    fixed = repair([QUESTION, silent, results("t", result("c"))])
    assert fixed.messages == (QUESTION,)
    assert not fixed.nothing_done


def test_an_empty_question_stays() -> None:
    assert repair([user_text("", id="q")]).nothing_done


def test_nothing_is_repaired_to_nothing() -> None:
    assert repair([]).messages == ()


@given(histories())
@settings(max_examples=100, deadline=None)
def test_any_history_is_sound_after_one_repair(history: list[Message]) -> None:
    messages = repair(history).messages
    assert is_sound(messages)
    assert repair(messages).nothing_done
    kept = [id for id in ids(messages) if id]
    assert kept == [id for id in ids(history) if id in set(kept)]
    assert [m for m in messages if m.role == "user"] == [m for m in history if m.role == "user"]


@given(histories())
@settings(max_examples=50, deadline=None)
def test_only_an_unsound_history_is_touched(history: list[Message]) -> None:
    assert repair(history).nothing_done == is_sound(history)
