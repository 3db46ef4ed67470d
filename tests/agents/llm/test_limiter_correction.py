"""The limiter keeps its promises in the tokens that a provider's reports have corrected."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.llm.correction import Correction
from agents.llm.errors import ContextImpossible
from agents.llm.limiter import TokenLimiter
from agents.llm.messages import Message
from agents.llm.reasoning import without_reasoning
from tests.agents.llm.histories import histories, limiters
from tests.agents.llm.limiter_laws import steps

examples = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
own_corrections = st.lists(st.sampled_from([None, 500, 970, 1_000, 1_234, 2_000]), min_size=1, max_size=5)
corrections = st.builds(Correction, frame=st.integers(500, 2_000), messages=st.integers(500, 2_000))


def corrected_by(limiter: TokenLimiter, correction: Correction) -> TokenLimiter:
    return replace(limiter, counter=replace(limiter.counter, correction=correction))


def stored_counts(limiter: TokenLimiter, history: list[Message]) -> dict[str, int]:
    return {message.id: limiter.counter.stored_count(without_reasoning(message)) for message in history}


@given(limiters, histories(), st.lists(corrections, min_size=1, max_size=4))
@examples
def test_the_limit_holds_in_corrected_tokens_however_the_correction_changes(
    limiter: TokenLimiter, history: list[Message], changes: list[Correction]
) -> None:
    stored = stored_counts(limiter, history)
    window = None
    for n, step in enumerate(steps(history)):
        now = corrected_by(limiter, changes[n % len(changes)])
        try:
            context = now.fit(step, window=window, counts=stored)
        except ContextImpossible:
            continue
        window = context.window
        assert context.counts.total <= limiter.token_limit
        assert context.counts.messages == tuple(now.counter.message(message) for message in context.messages)
        assert context.receipt.total == context.counts.total
        assert context.receipt.correction == now.counter.correction
        assert context == now.fit(step, window=window), "counts that were kept are the counts that would be made"


@given(limiters, histories(), corrections, own_corrections)
@examples
def test_the_limit_holds_where_messages_have_corrections_of_their_own(
    limiter: TokenLimiter, history: list[Message], correction: Correction, own: list[int | None]
) -> None:
    now, window = corrected_by(limiter, correction), None
    for step in steps(history):
        given = {message.id: own[place % len(own)] for place, message in enumerate(step[:-1])}
        measured = {id: thousandths for id, thousandths in given.items() if thousandths is not None}
        try:
            context = now.fit(step, window=window, measured=measured)
        except ContextImpossible:
            continue
        assert context.counts.total == context.receipt.total <= limiter.token_limit
        for message, plain, tokens in zip(context.messages, context.plain_counts, context.counts.messages, strict=True):
            counter = now.counter.measured_by(measured[message.id]) if message.id in measured else now.counter
            assert plain == now.counter.stored_count(message)
            assert tokens == counter.corrected(plain) == counter.message(message)
        assert context == now.fit(step, window=context.window, measured=measured)
        window = context.window


@given(limiters, histories(), corrections, corrections)
@examples
def test_a_changed_correction_moves_the_prefix_only_where_it_no_longer_fits(
    limiter: TokenLimiter, history: list[Message], before: Correction, after: Correction
) -> None:
    try:
        old = corrected_by(limiter, before).fit(history)
    except ContextImpossible:
        return
    now = corrected_by(limiter, after)
    counter = now.counter
    frame = counter.overhead + counter.instructions(limiter.instructions) + counter.tools(limiter.tools)
    if frame + sum(counter.message(message) for message in old.messages) <= limiter.token_limit:
        new = now.fit(history, window=old.window)
        assert new.messages == old.messages
        assert new.window == old.window


@given(limiters, histories(broken=False), corrections)
@examples
def test_what_lies_earlier_is_handed_on_uncorrected_and_told_corrected(
    limiter: TokenLimiter, history: list[Message], correction: Correction
) -> None:
    try:
        context = corrected_by(limiter, correction).fit(history)
    except ContextImpossible:
        return
    boundary = next(n for n, message in enumerate(history) if message.id == context.window.boundary)
    gone = sum(stored_counts(limiter, history[:boundary]).values())
    assert context.earlier.tokens == gone
    assert context.receipt.earlier.tokens == correction.of_messages(gone)
