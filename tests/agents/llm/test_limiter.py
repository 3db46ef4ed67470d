"""The rules of the token limiter, one by one, but for those inside the current turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.llm.errors import ContextImpossible
from agents.llm.limiter import TokenLimiter, default_low_water
from agents.llm.messages import Message, user_text
from agents.llm.receipt import Earlier
from agents.llm.tool_results import stub
from agents.llm.window import Window
from tests.agents.llm.histories import (
    FRAME,
    QUARTER,
    WEATHER,
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
    says,
    turns,
    words,
)
from tests.agents.llm.limiter_laws import without_reasons


def test_the_low_water_mark_is_small_and_absolute() -> None:
    assert [default_low_water(limit) for limit in (1_000, 8_192, 8_193, 100_000)] == [2_000, 2_000, 3_000, 3_000]


class TestWithoutAWindow:
    """Rule 2."""

    def test_everything_is_sent_that_fits(self) -> None:
        history = [*turns(4), ask(9)]
        context = limiter(900).fit(history)
        assert context.messages == tuple(history)
        assert context.receipt.free == 0
        assert replace(context.window, frame="") == Window(token_limit=900 + FRAME, boundary="q0", changed_after="q9")

    def test_whole_turns_go_from_the_oldest(self) -> None:
        context = limiter(899).fit([*turns(4), ask(9)])
        assert ids(context.messages) == ["q1", "r1", "q2", "r2", "q3", "r3", "q9"]
        assert replace(context.window, frame="") == Window(token_limit=899 + FRAME, boundary="q1", changed_after="q9")
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

    @pytest.mark.parametrize(("max_input", "cold"), [(1_500 + FRAME, False), (4_000, True)])
    def test_what_it_leaves_out_had_no_room_in_the_rate_limit(self, max_input: int, cold: bool) -> None:
        """What `fit` left out before it did not fit the token limit; both are still told apart by the next call."""
        limit = limiter(4_000, low_water=700)
        history = [*turns(30), ask(30)]
        context = limit.fit(history)
        before = context.receipt.earlier
        assert (before.over_limit.count, before.over_rate_limit.count) == (before.count, 0)
        sent = [message for message in history if message.id in set(ids(context.messages))]
        less = limit.refit(sent, max_input=max_input, cold=cold, window=context.window, earlier=context.earlier)
        earlier = less.receipt.earlier
        assert earlier.over_limit == before.over_limit
        assert earlier.over_rate_limit.count == earlier.count - before.count > 0
        assert earlier.to_dict()["reasons"].keys() == {"over_limit", "over_rate_limit"}
        then = limit.fit(list(less.messages), window=less.window, earlier=less.earlier)
        assert then.receipt.earlier == earlier

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
        again = limit.refit(history, max_input=limit.token_limit, cold=True, window=cold.window)
        assert without_reasons(again) == without_reasons(cold)

    def test_a_cold_prefix_does_not_cost_the_running_turn_its_results(self) -> None:
        limit = limiter(4_000, low_water=500)
        history = [ask(0), *iteration(0, words(900)), *iteration(1, words(900))]
        cold = limit.refit(history, max_input=limit.token_limit, cold=True)
        assert cold.messages == tuple(history)

    def test_nothing_smaller_than_the_question(self) -> None:
        with pytest.raises(ContextImpossible):
            limiter(4_000).refit([*turns(2), ask(9)], max_input=100, cold=True)


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
