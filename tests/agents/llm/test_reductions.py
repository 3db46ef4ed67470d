"""Rule 4 of the token limiter: the current turn is too big by itself."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.agents.llm.histories import (
    QUARTER,
    answer,
    ask,
    call,
    calls,
    ids,
    iteration,
    limiter,
    result,
    result_texts,
    results,
    turns,
    words,
)


def test_seen_results_become_stubs_oldest_first_down_to_the_mark() -> None:
    history = [ask(0), *(message for n in range(4) for message in iteration(n, words(300)))]
    context = limiter(1_200, low_water=400).fit(history)
    assert ids(context.messages) == ids(history)
    stubbed = [text.startswith("[Left out") for text in result_texts(context)]
    assert stubbed == [True, True, True, False]
    assert [entry.reason for entry in context.receipt.entries if entry.role == "tool"] == [
        "result_stubbed",
        "result_stubbed",
        "result_stubbed",
        "",
    ]


def test_only_as_many_as_it_takes() -> None:
    history = [ask(0), *(message for n in range(4) for message in iteration(n, words(300)))]
    context = limiter(1_400, low_water=9_000).fit(history)
    assert [text.startswith("[Left out") for text in result_texts(context)] == [True, True, False, False]


def test_parallel_results_of_one_call_go_together() -> None:
    asked = calls("a0", call("x"), call("y"))
    answered = results("t0", result("x", words(300)), result("y", words(300)))
    context = limiter(900, low_water=500).fit([ask(0), asked, answered, *iteration(1, words(200))])
    assert [text.startswith("[Left out") for text in result_texts(context)] == [True, True, False]


def test_a_short_result_is_not_worth_a_stub() -> None:
    history = [ask(0), *iteration(0, "cold"), *iteration(1, words(500)), *iteration(2, words(300))]
    context = limiter(800, low_water=100).fit(history)
    assert result_texts(context)[0] == "cold"


def test_then_the_oldest_iterations_go_calls_and_results_together() -> None:
    history = [ask(0), *(message for n in range(30) for message in iteration(n, words(40)))]
    context = limiter(1_000, low_water=200).fit(history)
    sent = ids(context.messages)
    assert sent[0] == "q0"
    assert sent[1:] == ids(history)[-len(sent) + 1 :]
    assert sent[1].startswith("a")
    assert len(context.window.left_out) == (len(history) - len(sent)) / 2
    left_out = [entry for entry in context.receipt.entries if entry.reason == "iteration_left_out"]
    assert [entry.message_id for entry in left_out] == ids(history)[1 : 1 + len(left_out)]
    assert all(entry.tokens == 0 < entry.whole for entry in left_out)


def test_unseen_results_come_before_any_older_iteration() -> None:
    history = [
        ask(0),
        *(message for n in range(9) for message in iteration(n, words(100))),
        *iteration(9, words(700)),
    ]
    context = limiter(900).fit(history)
    assert ids(context.messages) == ["q0", "a9", "t9"]
    note, _, rest = result_texts(context)[-1].partition("\n")
    assert "left out" in note
    assert rest == history[-1].tool_results[0].text


def test_at_last_unseen_results_are_shortened_to_all_the_room() -> None:
    asked = calls("a0", call("x"), call("y"), call("z"))
    answered = results("t0", result("x", words(2_000)), result("y", words(30)), result("z", words(900)))
    context = limiter(1_000).fit([ask(0), asked, answered])
    long, short, other = result_texts(context)
    assert short == words(30)
    assert "characters left out" in long
    assert "characters left out" in other
    assert abs(len(long) - len(other)) < 50
    assert 950 <= context.receipt.conversation <= 1_000
    assert context.receipt.entries[-1].status == "shortened"


def test_long_arguments_are_shortened_first_and_stay_json() -> None:
    asked = calls("a0", call("x", json.dumps({"text": words(800), "to": "disk"})))
    context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(300)))])
    sent = json.loads(context.messages[1].tool_calls[0].arguments)
    assert "characters left out" in sent["text"]
    assert sent["to"] == "disk"
    assert result_texts(context) == [words(300)]


def test_arguments_are_shortened_before_results() -> None:
    asked = calls("a0", call("x", json.dumps({"text": words(800)})))
    context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(500)))])
    assert result_texts(context) == [words(500)]
    assert context.receipt.entries[1].reason == "arguments_shortened"


def test_ordinary_arguments_outlast_giant_results() -> None:
    asked = calls("a0", call("x", json.dumps({"text": words(200)})))
    context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(5_000)))])
    assert context.messages[1] == asked
    assert "characters left out" in result_texts(context)[0]


def test_arguments_stay_json_when_nothing_of_them_can_stay() -> None:
    long_names = json.dumps({f"{words(60)}{n}": n for n in range(9)})
    asked = calls("a0", *(call(f"c{n}", long_names) for n in range(8)))
    context = limiter(1_250).fit([ask(0), asked, results("t0", *(result(f"c{n}", words(900)) for n in range(8)))])
    assert [json.loads(sent.arguments) for sent in context.messages[1].tool_calls] == [
        {"...": "9 of 9 fields left out"}
    ] * 8


def test_parallel_giants_are_squeezed_before_anything_is_refused() -> None:
    asked = calls("a0", *(call(f"c{n}", json.dumps({"text": words(900)})) for n in range(8)))
    answered = results("t0", *(result(f"c{n}", words(900)) for n in range(8)))
    context = limiter(1_250).fit([ask(0), asked, answered])
    assert len(context.messages[1].tool_calls) == len(context.messages[2].tool_results) == 8


def test_what_was_shortened_stays_the_same_bytes_until_the_next_cut() -> None:
    history = [ask(0), *iteration(0, words(3_000))]
    limit = limiter(2_000)
    first = limit.fit(history)
    wider = replace(limit, counter=replace(QUARTER, factor=0.5))
    again = wider.fit([*history, *iteration(1, words(20))], window=first.window)
    assert again.messages[: len(first.messages)] == first.messages


def test_the_turns_before_it_go_first() -> None:
    history = [*turns(1), ask(1), *(message for n in range(3) for message in iteration(n, words(250)))]
    context = limiter(1_000).fit(history)
    assert ids(context.messages)[0] == "q1"
    assert not context.window.cuts


def test_left_out_iterations_stay_out_when_the_turn_is_over() -> None:
    limit = limiter(1_000, low_water=200)
    history = [ask(0), *(message for n in range(30) for message in iteration(n, words(40)))]
    first = limit.fit(history)
    grown = limit.fit([*history, answer(0), ask(1)], window=first.window)
    assert grown.messages[: len(first.messages)] == first.messages
    assert grown.window is first.window


def test_they_are_forgotten_when_the_turn_goes() -> None:
    limit = limiter(1_000, low_water=200)
    history = [ask(0), *(message for n in range(30) for message in iteration(n, words(40)))]
    window = limit.fit(history).window
    context = limit.fit([*history, answer(0), ask(1), answer(1, 600), ask(2)], window=window)
    assert ids(context.messages) == ["q1", "r1", "q2"]
    assert (context.window.left_out, context.window.cuts) == ((), ())
    assert (context.window.changes, context.window.changed_after) == (1, "q2")


def test_a_change_inside_the_prefix_is_found() -> None:
    limit = limiter(1_000, low_water=700)
    history = [ask(0), *iteration(0, "cold"), *iteration(1, words(300)), *iteration(2, words(200))]
    first = limit.fit(history)
    second = limit.fit([*history, *iteration(3, words(300))], window=first.window)
    assert (second.window.changes, second.window.changed_at, second.window.changed_after) == (1, 4, "t3")
    assert second.messages[:4] == first.messages[:4]
    assert second.messages[4] != first.messages[4]
