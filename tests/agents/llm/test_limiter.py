"""The rules of the token limiter, one by one. Four characters are a token here, a message costs 4, a call 16 + 3, a
result 10."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agents.llm.errors import ContextImpossible
from agents.llm.limiter import LimitedContext, TokenLimiter, default_low_water
from agents.llm.messages import Message, user_text
from agents.llm.receipt import Earlier
from agents.llm.tool_results import stub
from agents.llm.window import Window
from tests.agents.llm.histories import QUARTER, WEATHER, call, calls, ids, iteration, result, results, says

FRAME = QUARTER.overhead


def words(tokens: int) -> str:
    return "abc " * tokens


def ask(n: int, tokens: int = 96) -> Message:
    """A question of 100 tokens."""
    return user_text(words(tokens), id=f"q{n}")


def answer(n: int, tokens: int = 96) -> Message:
    return says(f"r{n}", words(tokens))


def turns(count: int) -> list[Message]:
    """Finished turns of 200 tokens each."""
    return [message for n in range(count) for message in (ask(n), answer(n))]


def limiter(room: int, *, low_water: int | None = None) -> TokenLimiter:
    """With `room` tokens for the conversation."""
    return TokenLimiter(counter=QUARTER, token_limit=room + FRAME, low_water=low_water)


def result_texts(context: LimitedContext) -> list[str]:
    return [part.text for message in context.messages for part in message.tool_results]


def test_the_low_water_mark_is_small_and_absolute() -> None:
    assert [default_low_water(limit) for limit in (1_000, 8_192, 8_193, 100_000)] == [2_000, 2_000, 3_000, 3_000]


class TestWithoutAWindow:
    """Rule 2."""

    def test_everything_is_sent_that_fits(self) -> None:
        history = [*turns(4), ask(9)]
        context = limiter(900).fit(history)
        assert context.messages == tuple(history)
        assert context.receipt.free == 0
        assert context.window == Window(token_limit=900 + FRAME, boundary="q0", changed_after="q9")

    def test_whole_turns_go_from_the_oldest(self) -> None:
        context = limiter(899).fit([*turns(4), ask(9)])
        assert ids(context.messages) == ["q1", "r1", "q2", "r2", "q3", "r3", "q9"]
        assert context.window == Window(token_limit=899 + FRAME, boundary="q1", changed_after="q9")
        assert context.receipt.earlier == Earlier(count=2, tokens=200)

    def test_the_newest_finished_turn_is_stubbed_before_it_goes(self) -> None:
        history = [*turns(2), ask(3), *iteration(3, words(500)), answer(3), ask(9)]
        context = limiter(600).fit(history)
        assert ids(context.messages) == ["q3", "a3", "t3", "r3", "q9"]
        assert result_texts(context) == [stub(history[6].tool_results[0])]

    def test_it_goes_if_even_that_does_not_fit(self) -> None:
        context = limiter(300).fit([ask(3), *iteration(3, words(500)), answer(3, 200), ask(9)])
        assert ids(context.messages) == ["q9"]

    def test_instructions_and_tools_take_their_room(self) -> None:
        bare = limiter(899)
        full = replace(bare, instructions=words(96), tools=(WEATHER,))
        taken = QUARTER.instructions(words(96)) + QUARTER.tools((WEATHER,))
        assert 100 < taken < 600
        context = full.fit([*turns(4), ask(9)])
        assert context.counts.instructions + context.counts.tools == taken
        assert context.receipt.conversation <= 899 - taken
        assert len(context.messages) < len(bare.fit([*turns(4), ask(9)]).messages)


class TestASavedWindow:
    """Rules 1 and 3."""

    def test_what_fits_is_sent_as_before_plus_what_is_new(self) -> None:
        limit = limiter(899)
        first = limit.fit([*turns(4), ask(9, 10)])
        grown = limit.fit([*turns(4), ask(9, 10), answer(9, 10)], window=first.window)
        assert grown.messages[:-1] == first.messages
        assert grown.window is first.window

    def test_what_could_be_sent_again_stays_out(self) -> None:
        history = [*turns(4), ask(9)]
        window = Window(token_limit=8_000 + FRAME, boundary="q3")
        assert ids(limiter(8_000).fit(history, window=window).messages) == ["q3", "r3", "q9"]

    def test_an_overflow_is_cut_down_to_the_mark(self) -> None:
        history = [*turns(20), ask(20)]
        window = Window(token_limit=4_000 + FRAME, boundary="q0")
        context = limiter(4_000, low_water=700).fit(history, window=window)
        assert ids(context.messages) == ["q17", "r17", "q18", "r18", "q19", "r19", "q20"]
        assert context.window.boundary == "q17"
        assert (context.window.changes, context.window.changed_at) == (1, 0)

    def test_the_mark_is_never_above_half_the_room(self) -> None:
        history = [*turns(20), ask(20)]
        window = Window(token_limit=4_000 + FRAME, boundary="q0")
        assert limiter(4_000, low_water=9_000).fit(history, window=window).receipt.conversation == 1_900

    def test_the_newest_finished_turn_survives_a_cut_whenever_it_fits(self) -> None:
        history = [*turns(5), ask(5), answer(5, 700), ask(6)]
        window = Window(token_limit=1_000 + FRAME, boundary="q0")
        context = limiter(1_000, low_water=300).fit(history, window=window)
        assert ids(context.messages) == ["q5", "r5", "q6"]

    def test_it_is_stubbed_to_reach_the_mark(self) -> None:
        history = [*turns(5), ask(5), *iteration(5, words(400)), answer(5), ask(6)]
        window = Window(token_limit=1_000 + FRAME, boundary="q0")
        context = limiter(1_000, low_water=500).fit(history, window=window)
        assert ids(context.messages) == ["q5", "a5", "t5", "r5", "q6"]
        assert result_texts(context)[0].startswith("[Left out")

    @pytest.mark.parametrize(
        "window",
        [
            Window(token_limit=5_000, boundary="q3"),
            Window(token_limit=2_000 + FRAME, boundary="gone"),
            Window(token_limit=2_000 + FRAME, boundary="r3"),
        ],
        ids=["another limit", "unknown boundary", "no question"],
    )
    def test_a_window_that_does_not_apply_counts_as_none(self, window: Window) -> None:
        context = limiter(2_000).fit([*turns(4), ask(9)], window=window)
        assert len(context.messages) == 9
        assert context.window.boundary == "q0"
        assert context.window.changes == 1

    def test_raising_the_limit_widens_and_lowering_tightens(self) -> None:
        history = [*turns(9), ask(9)]
        small = limiter(500).fit(history)
        large = limiter(1_500).fit(history, window=small.window)
        again = limiter(500).fit(history, window=large.window)
        assert (len(small.messages), len(large.messages)) == (5, 15)
        assert again.messages == small.messages


class TestTheCurrentTurn:
    """Rule 4."""

    def test_seen_results_become_stubs_oldest_first_down_to_the_mark(self) -> None:
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

    def test_only_as_many_as_it_takes(self) -> None:
        history = [ask(0), *(message for n in range(4) for message in iteration(n, words(300)))]
        context = limiter(1_400, low_water=9_000).fit(history)
        assert [text.startswith("[Left out") for text in result_texts(context)] == [True, True, False, False]

    def test_parallel_results_of_one_call_go_together(self) -> None:
        asked = calls("a0", call("x"), call("y"))
        answered = results("t0", result("x", words(300)), result("y", words(300)))
        context = limiter(900, low_water=500).fit([ask(0), asked, answered, *iteration(1, words(200))])
        assert [text.startswith("[Left out") for text in result_texts(context)] == [True, True, False]

    def test_a_short_result_is_not_worth_a_stub(self) -> None:
        history = [ask(0), *iteration(0, "cold"), *iteration(1, words(500)), *iteration(2, words(300))]
        context = limiter(800, low_water=100).fit(history)
        assert result_texts(context)[0] == "cold"

    def test_then_the_oldest_iterations_go_calls_and_results_together(self) -> None:
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

    def test_unseen_results_come_before_any_older_iteration(self) -> None:
        history = [
            ask(0),
            *(message for n in range(9) for message in iteration(n, words(100))),
            *iteration(9, words(700)),
        ]
        context = limiter(900).fit(history)
        assert ids(context.messages) == ["q0", "a9", "t9"]
        assert context.messages[-1] == history[-1]

    def test_at_last_unseen_results_are_shortened_to_all_the_room(self) -> None:
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

    def test_long_arguments_are_shortened_first_and_stay_json(self) -> None:
        asked = calls("a0", call("x", json.dumps({"text": words(800), "to": "disk"})))
        context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(300)))])
        sent = json.loads(context.messages[1].tool_calls[0].arguments)
        assert "characters left out" in sent["text"]
        assert sent["to"] == "disk"
        assert result_texts(context) == [words(300)]

    def test_arguments_are_shortened_before_results(self) -> None:
        asked = calls("a0", call("x", json.dumps({"text": words(800)})))
        context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(500)))])
        assert result_texts(context) == [words(500)]
        assert context.receipt.entries[1].reason == "arguments_shortened"

    def test_ordinary_arguments_outlast_giant_results(self) -> None:
        asked = calls("a0", call("x", json.dumps({"text": words(200)})))
        context = limiter(900).fit([ask(0), asked, results("t0", result("x", words(5_000)))])
        assert context.messages[1] == asked
        assert "characters left out" in result_texts(context)[0]

    def test_arguments_stay_json_when_nothing_of_them_can_stay(self) -> None:
        long_names = json.dumps({f"{words(60)}{n}": n for n in range(9)})
        asked = calls("a0", *(call(f"c{n}", long_names) for n in range(8)))
        context = limiter(1_150).fit([ask(0), asked, results("t0", *(result(f"c{n}", words(900)) for n in range(8)))])
        assert [json.loads(sent.arguments) for sent in context.messages[1].tool_calls] == [
            {"...": "9 of 9 fields left out"}
        ] * 8

    def test_parallel_giants_are_squeezed_before_anything_is_refused(self) -> None:
        asked = calls("a0", *(call(f"c{n}", json.dumps({"text": words(900)})) for n in range(8)))
        answered = results("t0", *(result(f"c{n}", words(900)) for n in range(8)))
        context = limiter(1_150).fit([ask(0), asked, answered])
        assert len(context.messages[1].tool_calls) == len(context.messages[2].tool_results) == 8

    def test_what_was_shortened_stays_the_same_bytes_until_the_next_cut(self) -> None:
        history = [ask(0), *iteration(0, words(3_000))]
        limit = limiter(2_000)
        first = limit.fit(history)
        wider = replace(limit, counter=replace(QUARTER, factor=0.5))
        again = wider.fit([*history, *iteration(1, words(20))], window=first.window)
        assert again.messages[: len(first.messages)] == first.messages

    def test_the_turns_before_it_go_first(self) -> None:
        history = [*turns(1), ask(1), *(message for n in range(3) for message in iteration(n, words(250)))]
        context = limiter(1_000).fit(history)
        assert ids(context.messages)[0] == "q1"
        assert not context.window.cuts

    def test_left_out_iterations_stay_out_when_the_turn_is_over(self) -> None:
        limit = limiter(1_000, low_water=200)
        history = [ask(0), *(message for n in range(30) for message in iteration(n, words(40)))]
        first = limit.fit(history)
        grown = limit.fit([*history, answer(0), ask(1)], window=first.window)
        assert grown.messages[: len(first.messages)] == first.messages
        assert grown.window is first.window

    def test_they_are_forgotten_when_the_turn_goes(self) -> None:
        limit = limiter(1_000, low_water=200)
        history = [ask(0), *(message for n in range(30) for message in iteration(n, words(40)))]
        window = limit.fit(history).window
        context = limit.fit([*history, answer(0), ask(1), answer(1, 600), ask(2)], window=window)
        assert ids(context.messages) == ["q1", "r1", "q2"]
        assert (context.window.left_out, context.window.cuts) == ((), ())
        assert (context.window.changes, context.window.changed_after) == (1, "q2")

    def test_a_change_inside_the_prefix_is_found(self) -> None:
        limit = limiter(1_000, low_water=700)
        history = [ask(0), *iteration(0, "cold"), *iteration(1, words(300)), *iteration(2, words(200))]
        first = limit.fit(history)
        second = limit.fit([*history, *iteration(3, words(300))], window=first.window)
        assert (second.window.changes, second.window.changed_at, second.window.changed_after) == (1, 4, "t3")
        assert second.messages[:4] == first.messages[:4]
        assert second.messages[4] != first.messages[4]


class TestWhatCannotFit:
    """Rule 5."""

    def test_a_question_that_is_too_long_is_refused_with_the_sizes(self) -> None:
        tight = replace(limiter(2_000), instructions=words(96), tools=(WEATHER,))
        with pytest.raises(ContextImpossible) as caught:
            tight.fit([*turns(2), ask(9, 2_996)])
        sizes = caught.value.params
        assert sizes["message"] == 3_000
        assert sizes["limit"] == tight.token_limit
        assert sizes["instructions"] == QUARTER.instructions(words(96))
        assert sizes["tools"] == QUARTER.tools((WEATHER,))
        assert sizes["overhead"] == FRAME
        needed = sum(sizes.values()) - sizes["limit"]
        assert f"{needed:,}" in caught.value.message
        assert "Your text is kept" in caught.value.message
        fits = replace(tight, token_limit=needed).fit([*turns(2), ask(9, 2_996)])
        assert fits.counts.total == needed

    def test_nothing_is_left_out_of_the_question(self) -> None:
        context = limiter(1_000).fit([*turns(3), ask(9, 996)])
        assert ids(context.messages) == ["q9"]
        assert context.messages[0].text == words(996)

    def test_many_calls_at_once_need_a_least_size(self) -> None:
        asked = calls("a0", *(call(f"c{n}") for n in range(40)))
        answered = results("t0", *(result(f"c{n}", words(900)) for n in range(40)))
        with pytest.raises(ContextImpossible) as caught:
            limiter(1_000).fit([ask(0), asked, answered])
        needed = sum(caught.value.params.values()) - caught.value.params["limit"]
        assert TokenLimiter(counter=QUARTER, token_limit=needed).fit([ask(0), asked, answered]).counts.total <= needed

    @pytest.mark.parametrize(
        "history",
        [
            [],
            [answer(0), ask(1)],
            [ask(0), answer(0), user_text("again", id="q0")],
            [ask(0), says("", "without an id")],
        ],
        ids=["empty", "no question first", "one id twice", "no id"],
    )
    def test_what_is_no_history_is_a_programming_error(self, history: list[Message]) -> None:
        with pytest.raises(ValueError, match="histor"):
            limiter(1_000).fit(history)


class TestRefit:
    def test_a_smaller_request_for_a_governor_that_cannot_admit_this_one(self) -> None:
        limit = limiter(4_000, low_water=700)
        history = [*turns(9), ask(9)]
        context = limit.fit(history)
        smaller = limit.refit(history, max_input=1_500 + FRAME, cold=False, window=context.window)
        assert smaller.receipt.limit == 1_500 + FRAME
        assert smaller.receipt.conversation == 700
        assert smaller.window.token_limit == limit.token_limit
        assert limit.fit(history, window=smaller.window).messages == smaller.messages

    def test_a_request_that_is_small_enough_stays_the_same(self) -> None:
        history = [*turns(4), ask(9)]
        context = limiter(4_000).fit(history)
        assert limiter(4_000).refit(history, max_input=950, cold=False, window=context.window) == replace(
            context, receipt=replace(context.receipt, limit=950)
        )

    def test_a_cold_prefix_is_cut_to_the_mark_right_away(self) -> None:
        limit = limiter(4_000, low_water=500)
        history = [*turns(9), ask(9)]
        window = limit.fit(history).window
        cold = limit.refit(history, max_input=limit.token_limit, cold=True, window=window)
        assert cold.receipt.conversation == 500
        assert limit.refit(history, max_input=limit.token_limit, cold=True, window=cold.window) == cold

    def test_a_cold_prefix_does_not_cost_the_running_turn_its_results(self) -> None:
        limit = limiter(4_000, low_water=500)
        history = [ask(0), *iteration(0, words(900)), *iteration(1, words(900))]
        cold = limit.refit(history, max_input=limit.token_limit, cold=True)
        assert cold.messages == tuple(history)

    def test_nothing_smaller_than_the_question(self) -> None:
        with pytest.raises(ContextImpossible):
            limiter(4_000).refit([*turns(2), ask(9)], max_input=100, cold=True)


class TestCountsAndReceipt:
    def test_stored_counts_are_used_and_not_counted_again(self) -> None:
        history = [*turns(1), ask(9)]
        context = limiter(1_000).fit(history, counts={"q0": 11, "r0": 12, "q9": 13})
        assert context.counts.messages == (11, 12, 13)

    def test_what_was_repaired_or_cut_is_counted_anew(self) -> None:
        broken = [ask(0), calls("a0", call("c0"), call("c1")), results("t0", result("c0"))]
        context = limiter(1_000).fit(broken, counts={"q0": 1, "a0": 1, "t0": 1})
        assert context.counts.messages == (1, 1, QUARTER.message(context.messages[2]))

    def test_repairs_are_in_the_receipt(self) -> None:
        broken = [ask(0), calls("a0", call("c0")), says("e0", " "), results("t0", result("c9")), ask(1)]
        context = limiter(1_000).fit(broken)
        fates = [(entry.message_id, entry.status, entry.reason) for entry in context.receipt.entries]
        assert fates == [
            ("q0", "kept", ""),
            ("a0", "kept", ""),
            ("", "kept", "repaired"),
            ("e0", "left_out", "repaired"),
            ("t0", "left_out", "repaired"),
            ("q1", "kept", ""),
        ]

    def test_earlier_sums_up_all_that_lies_before_the_boundary(self) -> None:
        context = limiter(300).fit([*turns(4), ask(9)], earlier=Earlier(count=10, tokens=5_000))
        assert context.receipt.earlier == Earlier(count=16, tokens=5_600)

    def test_the_receipt_adds_up_and_is_json(self) -> None:
        full = replace(limiter(899), instructions="Be brief.", tools=(WEATHER,))
        context = full.fit([*turns(4), ask(9)])
        receipt = json.loads(json.dumps(context.receipt.to_dict()))
        parts = ("instructions", "tools", "overhead", "conversation")
        assert receipt["total"] == sum(receipt[part] for part in parts) == context.counts.total
        assert receipt["free"] == receipt["limit"] - receipt["total"]
        assert receipt["message"] == 100
        assert receipt["conversation"] == sum(entry["tokens"] for entry in receipt["entries"])
        assert receipt["earlier"] == {"count": 4, "tokens": 400}


class TestTheWindowAsAValue:
    def test_it_survives_json_exactly(self) -> None:
        history = [
            ask(0),
            *(message for n in range(30) for message in iteration(n, words(40))),
            *iteration(30, words(5_000)),
        ]
        window = limiter(1_000, low_water=400).fit(history).window
        assert window.cuts
        assert window.left_out
        assert Window.from_dict(json.loads(json.dumps(window.to_dict()))) == window

    def test_an_unknown_version_is_refused(self) -> None:
        data = Window(token_limit=1, boundary="q").to_dict()
        with pytest.raises(ValueError, match="version 2"):
            Window.from_dict({**data, "version": 2})


def test_a_long_chat_changes_its_prefix_seldom() -> None:
    limit = limiter(5_000)
    history: list[Message] = []
    window, changes = None, 0
    for n in range(200):
        history.append(ask(n))
        context = limit.fit(history, window=window)
        changes += window is not None and context.window != window
        window = context.window
        history.append(answer(n))
    # 40,000 tokens were said; a cut leaves at most 2,000 of 5,000.
    assert 1 <= changes <= 40_000 / 3_000 + 1
    assert window is not None
    assert window.changes == changes
