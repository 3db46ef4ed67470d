"""Which reasoning is sent back: that of this model alone, after exactly the prefix that it was born from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.llm.limiter import LimitedContext, TokenLimiter
from agents.llm.message_caps import MessageCaps
from agents.llm.messages import Message, ReasoningPart, TextPart, user_text
from agents.llm.reasoning import count_reasoning, replayed, without_reasoning
from agents.llm.receipt import Reason
from tests.agents.llm.histories import FRAME, QUARTER, WEATHER, call, result, results, words

SIGNED = ReasoningPart(text=words(20), signature="s", origin="opus")


def thinks(id: str, *thoughts: ReasoningPart, text: str = "Hm.") -> Message:
    return Message(role="assistant", id=id, parts=(*(thoughts or (SIGNED,)), TextPart(text=text)))


def looks_up(n: int, size: int = 40) -> list[Message]:
    """An iteration of a thinking model: messages `a{n}` and `t{n}`."""
    asked = Message(role="assistant", id=f"a{n}", parts=(SIGNED, call(f"c{n}")))
    return [asked, results(f"t{n}", result(f"c{n}", words(size), handle=f"{n}-1"))]


def limiter(room: int = 2_000, **more: object) -> TokenLimiter:
    return replace(TokenLimiter(counter=QUARTER, token_limit=room + FRAME, model="opus"), **more)  # type: ignore[arg-type]


def sent_reasoning(context: LimitedContext) -> list[str]:
    return [message.id for message in context.messages if count_reasoning(message)]


def reasons(context: LimitedContext) -> dict[str, Reason]:
    return {entry.message_id: entry.reason for entry in context.receipt.entries if entry.reason}


def grow(fit: TokenLimiter, history: Sequence[Message]) -> LimitedContext:
    """The last context of a conversation in which every assistant message came of a call."""
    window = None
    for end, message in enumerate(history):
        if message.role == "assistant":
            window = fit.fit(history[:end], window=window).window
    return fit.fit(history, window=window)


HISTORY = [user_text("Why?", id="q0"), thinks("r0"), user_text("And then?", id="q1"), *looks_up(0), *looks_up(1)]


def test_all_of_it_is_sent_while_the_prefix_only_grows() -> None:
    context = grow(limiter(), HISTORY)
    assert sent_reasoning(context) == ["r0", "a0", "a1"]
    assert reasons(context) == {}
    assert context.messages == tuple(HISTORY)
    assert context.counts.total == FRAME + sum(map(QUARTER.message, HISTORY))


def test_without_a_window_nobody_knows_what_it_was_born_from() -> None:
    context = limiter().fit(HISTORY)
    assert sent_reasoning(context) == []
    assert reasons(context) == dict.fromkeys(["r0", "a0", "a1"], "reasoning_dropped")
    assert context.counts.total == FRAME + sum(QUARTER.message(without_reasoning(message)) for message in HISTORY)


def test_only_the_model_that_thought_it_gets_it() -> None:
    assert sent_reasoning(grow(limiter(model="sonnet"), HISTORY)) == []
    assert sent_reasoning(grow(limiter(model=""), HISTORY)) == []


def test_unsigned_reasoning_is_never_sent_nor_that_of_others_in_the_same_message() -> None:
    mixed = thinks("r0", replace(SIGNED, signature=""), SIGNED, replace(SIGNED, origin="sonnet"))
    assert replayed(mixed, model="opus").parts == (SIGNED, TextPart(text="Hm."))
    context = grow(limiter(), [HISTORY[0], mixed, user_text("And?", id="q1")])
    assert sent_reasoning(context) == ["r0"]
    assert reasons(context) == {"r0": "reasoning_dropped"}


def test_after_a_cut_only_later_reasoning_is_sent() -> None:
    long = [*HISTORY, *looks_up(2, size=600), *looks_up(3, size=3_300), *looks_up(4)]
    cut = grow(limiter(4_000), long[:-2])
    assert cut.window.changes == 1
    assert sent_reasoning(cut) == []
    assert reasons(cut)["a3"] == "reasoning_dropped"
    assert sent_reasoning(grow(limiter(4_000), long)) == ["a4"]


def test_changed_tools_or_instructions_are_an_edit() -> None:
    before = grow(limiter(), HISTORY)
    more = [*HISTORY, *looks_up(2)]
    for changed in (limiter(tools=(WEATHER,)), limiter(instructions="Be brief.")):
        context = changed.fit(HISTORY, window=before.window)
        assert sent_reasoning(context) == []
        assert (context.window.changes, context.window.changed_at) == (before.window.changes + 1, 0)
        assert context.window.boundary == before.window.boundary
        assert sent_reasoning(changed.fit(more, window=context.window)) == ["a2"]
    assert before.window == limiter().fit(HISTORY, window=before.window).window


def test_a_cap_that_cuts_is_an_edit() -> None:
    before = grow(limiter(), HISTORY[:2])
    asked = [*HISTORY[:2], user_text("New", id="q9")]
    assert sent_reasoning(limiter().fit(asked, window=before.window)) == ["r0"]
    context = limiter(caps=MessageCaps(last_messages=1)).fit(asked, window=before.window)
    assert [message.id for message in context.messages] == ["q9"]


def test_a_raised_limit_widens_again_and_that_is_an_edit() -> None:
    before = grow(limiter(), HISTORY)
    assert sent_reasoning(limiter(3_000).fit(HISTORY, window=before.window)) == []


class TestInARunningToolLoop:
    """A cold prefix is no reason to edit it, for a model that refuses its reasoning after an edit."""

    def test_nothing_is_cut_that_fits(self) -> None:
        fit = limiter(8_000, low_water=10, binds_reasoning=True)
        before = grow(fit, HISTORY)
        again = fit.refit(HISTORY, max_input=fit.token_limit, cold=True, window=before.window)
        assert again == before

    def test_others_are_cut(self) -> None:
        fit = limiter(8_000, low_water=10)
        before = grow(fit, HISTORY)
        again = fit.refit(HISTORY, max_input=fit.token_limit, cold=True, window=before.window)
        assert again.window.changes == before.window.changes + 1
        assert sent_reasoning(again) == []

    def test_between_turns_it_is_cut_as_well(self) -> None:
        fit = limiter(8_000, low_water=10, binds_reasoning=True)
        asked = [*HISTORY, thinks("r1"), user_text("Next", id="q2")]
        before = grow(fit, asked)
        again = fit.refit(asked, max_input=fit.token_limit, cold=True, window=before.window)
        assert len(again.messages) < len(before.messages)
        assert sent_reasoning(again) == []

    def test_what_does_not_fit_is_cut(self) -> None:
        fit = limiter(300, binds_reasoning=True)
        history = [*HISTORY, *looks_up(2, size=150)]
        context = grow(fit, history)
        assert context.counts.total <= fit.token_limit
        assert sent_reasoning(context) == []
