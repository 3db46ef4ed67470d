"""Caps on the number and the age of earlier messages: exact examples, then what holds for every history."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.errors import ContextImpossible
from agents.llm.limiter import LimitedContext, TokenLimiter
from agents.llm.message_caps import MessageCaps
from agents.llm.messages import Message
from agents.llm.receipt import Earlier, Tally
from agents.llm.repair import repair
from agents.llm.window import Window
from tests.agents.llm.histories import answer, ask, histories, ids, iteration, limiter, limiters, turns
from tests.agents.llm.limiter_laws import current_turn, every_context, fitted, steps
from tests.agents.llm.test_repair import is_sound

examples = settings(max_examples=int(os.environ.get("LIMITER_EXAMPLES", "100")), deadline=None)
ROOM = 100_000


def capped(
    last_messages: int = 0, *, max_age_minutes: int = 0, ages: Mapping[str, float] | None = None
) -> TokenLimiter:
    """With tokens enough for everything."""
    caps = MessageCaps(last_messages=last_messages, max_age_minutes=max_age_minutes, ages=ages or {})
    return replace(limiter(ROOM), caps=caps)


def window_at(boundary: str) -> Window:
    return Window(token_limit=capped().token_limit, boundary=boundary)


class TestLastMessages:
    @pytest.mark.parametrize(("cap", "first"), [(0, "q0"), (20, "q0"), (19, "q1"), (3, "q9"), (2, "q9"), (1, "q10")])
    def test_without_a_window_the_widest_end_is_sent(self, cap: int, first: str) -> None:
        context = capped(cap).fit([*turns(10), ask(10)])
        assert context.messages[0].id == first

    @pytest.mark.parametrize(
        ("cap", "first"), [(20, "q0"), (19, "q5"), (18, "q5"), (11, "q7"), (5, "q8"), (2, "q9"), (1, "q10")]
    )
    def test_an_overrun_of_a_saved_window_cuts_to_half(self, cap: int, first: str) -> None:
        context = capped(cap).fit([*turns(10), ask(10)], window=window_at("q0"))
        assert context.messages[0].id == first

    def test_a_reply_counts_one_with_all_its_iterations(self) -> None:
        history = [ask(0), *(m for n in range(9) for m in iteration(n, "cold")), answer(0), ask(1)]
        assert len(capped(2).fit(history).messages) == len(history)
        assert ids(capped(1).fit(history).messages) == ["q1"]

    def test_a_question_without_a_reply_counts_one(self) -> None:
        history = [ask(n) for n in range(5)]
        assert ids(capped(3).fit(history).messages) == ["q1", "q2", "q3", "q4"]

    def test_the_current_turn_counts_nothing(self) -> None:
        history = [*turns(1), ask(1), *(m for n in range(30) for m in iteration(n, "cold"))]
        assert capped(2).fit(history).messages == tuple(history)

    def test_the_reason_is_in_the_receipt(self) -> None:
        context = capped(4).fit([*turns(5), ask(5)], earlier=Earlier(count=7, tokens=70))
        assert context.receipt.earlier == Earlier(count=13, tokens=670, over_last_messages=Tally(count=6, tokens=600))
        assert json.loads(json.dumps(context.receipt.to_dict()))["earlier"]["reasons"] == {
            "over_limit": {"count": 7, "tokens": 70},
            "over_last_messages": {"count": 6, "tokens": 600},
        }

    def test_what_is_still_too_long_is_cut_by_tokens_and_told_apart(self) -> None:
        tight = replace(limiter(500), caps=MessageCaps(last_messages=6))
        receipt = tight.fit([*turns(10), ask(10)]).receipt
        assert receipt.earlier.over_last_messages == Tally(count=14, tokens=1_400)
        assert receipt.earlier.over_limit == Tally(count=2, tokens=200)


class TestAge:
    AGES = {f"{letter}{n}": 10.0 * (10 - n) for n in range(11) for letter in "qr"}

    @pytest.mark.parametrize(("cap", "first"), [(0, "q0"), (100, "q0"), (99, "q1"), (35, "q7"), (5, "q10"), (1, "q10")])
    def test_without_a_window_only_what_is_too_old_goes(self, cap: int, first: str) -> None:
        context = capped(max_age_minutes=cap, ages=self.AGES).fit([*turns(10), ask(10)])
        assert context.messages[0].id == first

    @pytest.mark.parametrize(("cap", "first"), [(100, "q0"), (99, "q6"), (60, "q7"), (1, "q10")])
    def test_an_overrun_of_a_saved_window_cuts_to_half(self, cap: int, first: str) -> None:
        limit = capped(max_age_minutes=cap, ages=self.AGES)
        context = limit.fit([*turns(10), ask(10)], window=window_at("q0"))
        assert context.messages[0].id == first

    def test_a_turn_is_as_old_as_its_newest_message(self) -> None:
        limit = capped(max_age_minutes=30, ages={"q0": 500.0, "r0": 20.0, "q1": 0.0})
        assert ids(limit.fit([*turns(1), ask(1)]).messages) == ["q0", "r0", "q1"]

    def test_the_current_turn_stays_however_old_it_is(self) -> None:
        history = [*turns(1), ask(1), *iteration(1, "cold")]
        limit = capped(max_age_minutes=1, ages={message.id: 999.0 for message in history})
        assert ids(limit.fit(history).messages) == ["q1", "a1", "t1"]

    def test_what_lies_before_something_too_old_goes_with_it(self) -> None:
        """An imported conversation may be in any order."""
        limit = capped(max_age_minutes=30, ages={"q0": 5.0, "r0": 5.0, "q1": 90.0, "r1": 90.0})
        context = limit.fit([*turns(3), ask(3)])
        assert ids(context.messages) == ["q2", "r2", "q3"]
        assert context.receipt.earlier.too_old == Tally(count=4, tokens=400)

    def test_both_reasons_stand_apart(self) -> None:
        limit = capped(4, max_age_minutes=75, ages=self.AGES)
        earlier = limit.fit([*turns(10), ask(10)]).receipt.earlier
        assert earlier.too_old == Tally(count=6, tokens=600)
        assert earlier.over_last_messages == Tally(count=10, tokens=1_000)
        assert earlier.over_limit == Tally()


def test_a_growing_conversation_keeps_its_prefix_for_many_turns() -> None:
    limit, history, window = capped(20), list[Message](), None
    sent: list[tuple[str, ...]] = []
    earlier: list[int] = []
    for n in range(200):
        history.append(ask(n))
        context = limit.fit(history, window=window)
        window = context.window
        sent.append(tuple(ids(context.messages)))
        earlier.append(len(context.messages) - 1)
        history.append(answer(n))
    moved = [n for n, (before, after) in enumerate(pairwise(sent), start=1) if after[: len(before)] != before]
    assert max(earlier) == 20
    assert min(earlier[11:]) == 10
    assert len(moved) == 32
    assert min(later - sooner for sooner, later in pairwise(moved)) == 6


def test_a_steady_pace_under_an_age_keeps_its_prefix_for_many_turns() -> None:
    history, window, moved = list[Message](), None, 0
    for n in range(120):
        history.append(ask(n))
        ages = {f"{letter}{k}": float(n - k) for k in range(n + 1) for letter in "qr"}
        context = capped(max_age_minutes=30, ages=ages).fit(history, window=window)
        assert len(context.messages) <= 2 * 30 + 1
        moved += window is not None and window.boundary != context.window.boundary
        window = context.window
        history.append(answer(n))
    assert moved == 6


caps = st.builds(
    MessageCaps,
    last_messages=st.one_of(st.just(0), st.integers(1, 8), st.just(200)),
    max_age_minutes=st.one_of(st.just(0), st.integers(1, 60)),
    ages=st.dictionaries(st.sampled_from([f"m{n}" for n in range(30)]), st.floats(0, 120), max_size=30),
)
capped_limiters = st.builds(lambda limiter, caps: replace(limiter, caps=caps), limiters, caps)


def earlier_turns(history: Sequence[Message], *, since: str) -> list[list[Message]]:
    """As they are stored, from the message `since` on, without the current one: a repair takes none of their age."""
    grouped: list[list[Message]] = []
    for message in history[ids(history).index(since) :]:
        if message.role == "user":
            grouped.append([])
        grouped[-1].append(message)
    return grouped[:-1]


def count(turns: Sequence[Sequence[Message]]) -> int:
    return sum(1 + (len(turn) > 1) for turn in turns)


def oldest(turns: Sequence[Sequence[Message]], *, ages: Mapping[str, float]) -> float:
    return max((min(ages.get(message.id, 0.0) for message in turn) for turn in turns), default=0.0)


def trimmed(limiter: TokenLimiter, history: Sequence[Message]) -> Iterator[tuple[list[Message], LimitedContext]]:
    """The contexts of a growing conversation, as a caller has them that keeps only what is sent."""
    window, gone, earlier = None, 0, Earlier()
    for step in steps(history):
        try:
            context = limiter.fit(step[gone:], window=window, earlier=earlier)
        except ContextImpossible:
            continue
        window, earlier = context.window, context.receipt.earlier
        gone = ids(step).index(window.boundary)
        yield step, context


@given(capped_limiters, histories(max_turns=8))
@examples
def test_never_over_a_cap_and_the_current_turn_is_never_cut_by_one(
    limiter: TokenLimiter, history: list[Message]
) -> None:
    caps = limiter.caps
    for step, context in every_context(limiter, history):
        sent = earlier_turns(step, since=context.messages[0].id)
        assert count(sent) <= (caps.last_messages or len(step))
        assert oldest(sent, ages=caps.ages) <= (caps.max_age_minutes or 999)
        assert current_turn(context.messages)[0] is current_turn(step)[0]
        assert context.messages[-1].id == repair(step).messages[-1].id
        assert is_sound(context.messages)


@given(capped_limiters, histories(max_turns=8))
@examples
def test_a_turn_is_refused_only_if_it_were_without_caps(limiter: TokenLimiter, history: list[Message]) -> None:
    for step in steps(history):
        with_caps, without = fitted(limiter, step), fitted(replace(limiter, caps=MessageCaps()), step)
        assert (with_caps is None) == (without is None)
        if with_caps is not None and without is not None:
            assert len(with_caps.messages) <= len(without.messages)


@given(capped_limiters, histories(max_turns=8))
@examples
def test_with_the_window_the_same_is_sent_again(limiter: TokenLimiter, history: list[Message]) -> None:
    for step, context in every_context(limiter, history):
        again = fitted(limiter, step, context.window)
        assert again is not None
        assert (again.messages, again.window) == (context.messages, context.window)


@given(capped_limiters, histories(max_turns=8))
@examples
def test_a_caller_that_keeps_only_what_is_sent_gets_the_same(limiter: TokenLimiter, history: list[Message]) -> None:
    whole = [context for _, context in every_context(limiter, history)]
    for (step, context), other in zip(trimmed(limiter, history), whole, strict=True):
        assert context.messages == other.messages
        earlier = context.receipt.earlier
        assert earlier.count == other.receipt.earlier.count
        assert earlier.count + sum(bool(entry.message_id) for entry in context.receipt.entries) == len(step)
        parts = (earlier.over_limit, earlier.over_last_messages, earlier.too_old)
        assert sum(part.count for part in parts) == earlier.count
        assert sum(part.tokens for part in parts) == earlier.tokens


@given(capped_limiters, histories(broken=False, max_turns=8))
@examples
def test_the_prefix_moves_only_for_a_cap_or_for_the_tokens(limiter: TokenLimiter, history: list[Message]) -> None:
    before: LimitedContext | None = None
    known: list[Message] = []
    for step, context in every_context(limiter, history):
        if before is not None and context.window != before.window:
            new = repair(step).messages[len(repair(known).messages) :]
            held = earlier_turns(step, since=before.messages[0].id)
            over_last = count(held) > limiter.caps.last_messages > 0
            too_old = oldest(held, ages=limiter.caps.ages) > limiter.caps.max_age_minutes > 0
            grown = before.counts.total + sum(map(limiter.counter.message, new))
            assert over_last or too_old or grown > limiter.token_limit
        before, known = context, step
