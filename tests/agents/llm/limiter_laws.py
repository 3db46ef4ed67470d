"""What holds for every history, limit and window: the laws of the token limiter, checked on one world at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from agents.llm.cuts import Place, places
from agents.llm.errors import ContextImpossible
from agents.llm.limiter import LimitedContext, TokenLimiter
from agents.llm.messages import Message, ReasoningPart, ToolResult
from agents.llm.reasoning import replayed, without_reasoning
from agents.llm.receipt import Earlier
from agents.llm.repair import repair
from agents.llm.tokens import TokenCounter
from agents.llm.tool_results import STUB, stub
from agents.llm.window import Window
from tests.agents.llm.histories import histories, ids, limiters, result_texts
from tests.agents.llm.test_repair import is_sound


def steps(history: Sequence[Message]) -> Iterator[list[Message]]:
    """The history as it was before each model call."""
    for end, message in enumerate(history, start=1):
        if message.role != "assistant":
            yield list(history[:end])


def fitted(limiter: TokenLimiter, history: Sequence[Message], window: Window | None = None) -> LimitedContext | None:
    """None where it cannot fit, which must be true."""
    try:
        return limiter.fit(history, window=window)
    except ContextImpossible as refusal:
        sizes = dict(refusal.params)
        limit = sizes.pop("limit")
        assert sum(sizes.values()) > limit == limiter.token_limit
        return None


_contexts: tuple[TokenLimiter, Sequence[Message], list[tuple[list[Message], LimitedContext]]] | None = None


def every_context(limiter: TokenLimiter, history: Sequence[Message]) -> list[tuple[list[Message], LimitedContext]]:
    """The context of each model call of a growing conversation, each with the window that the one before left. Made
    once for all laws: nothing that they look at changes."""
    global _contexts  # noqa: PLW0603 - the newest world only
    if _contexts is None or _contexts[0] is not limiter or _contexts[1] is not history:
        _contexts = (limiter, history, list(_grown(limiter, history)))
    return _contexts[2]


def _grown(limiter: TokenLimiter, history: Sequence[Message]) -> Iterator[tuple[list[Message], LimitedContext]]:
    window = None
    for step in steps(history):
        context = fitted(limiter, step, window)
        if context is not None:
            yield step, context
            window = Window.from_dict(json.loads(json.dumps(context.window.to_dict())))


def current_turn(messages: Sequence[Message]) -> list[Message]:
    start = max(position for position, message in enumerate(messages) if message.role == "user")
    return list(messages[start:])


def unseen_results(history: Sequence[Message]) -> dict[Place, ToolResult]:
    """The results of the current turn that came after the model last spoke."""
    owner, unseen = "", dict[Place, ToolResult]()
    for message in current_turn(repair(history).messages):
        if message.role == "assistant":
            owner, unseen = message.id, {}
        unseen.update({Place(owner, result.call_id, "result"): result for result in message.tool_results})
    return unseen


def is_same_json(one: str, other: str) -> bool:
    """Shortening takes white space first."""
    return bool(json.loads(one) == json.loads(other))


def sent_results(messages: Sequence[Message]) -> dict[Place, ToolResult]:
    owner, sent = "", {}
    for message in messages:
        owner = message.id if message.role == "assistant" else owner
        sent.update({Place(owner, result.call_id, "result"): result for result in message.tool_results})
    return sent


def law_never_over_the_limit_and_every_number_adds_up(limiter: TokenLimiter, history: list[Message]) -> None:
    for step, context in every_context(limiter, history):
        counter, counts, receipt = limiter.counter, context.counts, context.receipt
        assert counts.total <= limiter.token_limit
        assert counts.messages == tuple(counter.message(message) for message in context.messages)
        assert counts.instructions == counter.instructions(limiter.instructions)
        assert (counts.tools, counts.overhead) == (counter.tools(limiter.tools), counter.overhead)
        assert receipt.total == counts.total
        assert receipt.free == limiter.token_limit - counts.total
        assert receipt.conversation == sum(entry.tokens for entry in receipt.entries) == sum(counts.messages)
        assert receipt.earlier.count + sum(bool(entry.message_id) for entry in receipt.entries) == len(step)
        assert [e.message_id for e in receipt.entries if e.status != "left_out"] == ids(context.messages)


def law_no_orphan(limiter: TokenLimiter, history: list[Message]) -> None:
    for _, context in every_context(limiter, history):
        assert is_sound(context.messages)
        assert context.messages[0].role == "user"


def law_the_newest_question_is_whole_and_unseen_results_are_there(
    limiter: TokenLimiter, history: list[Message]
) -> None:
    for step, context in every_context(limiter, history):
        question, *rest = current_turn(context.messages)
        assert question is current_turn(step)[0]
        assert all(message.role != "user" for message in rest)
        sent = sent_results(context.messages)
        for place, result in unseen_results(step).items():
            assert (
                sent[place] == result or "left out" in sent[place].text or is_same_json(sent[place].text, result.text)
            )
            assert sent[place].text != stub(result)


def law_what_is_kept_is_the_end_but_for_one_run_after_the_first_message(
    limiter: TokenLimiter, history: list[Message]
) -> None:
    for step, context in every_context(limiter, history):
        sound = ids(repair(step).messages)
        first, *rest = ids(context.messages)
        assert sound.index(first) <= len(sound) - len(rest) - 1
        assert rest == sound[len(sound) - len(rest) :]
        left_out = len(sound) - sound.index(first) - 1 - len(rest)
        assert bool(left_out) == bool(context.window.left_out)
        assert {place.owner for place, _ in context.window.cuts} <= {first, *rest}


def law_the_same_again_gives_the_same(limiter: TokenLimiter, history: list[Message]) -> None:
    for step, context in every_context(limiter, history):
        copy = [Message.from_dict(message.to_dict()) for message in step]
        assert fitted(limiter, step, context.window) == context
        assert fitted(limiter, copy, context.window) == context
        assert fitted(replace(limiter), copy) == fitted(limiter, step)


def law_what_goes_in_is_not_altered(limiter: TokenLimiter, history: list[Message]) -> None:
    counts = {message.id: limiter.counter.message(without_reasoning(message)) for message in history}
    before = [message.to_dict() for message in history], dict(counts)
    window = Window(token_limit=limiter.token_limit, boundary=history[0].id)
    try:
        with_counts = limiter.fit(history, window=window, counts=counts)
    except ContextImpossible:
        assert fitted(limiter, history, window) is None
    else:
        assert with_counts == fitted(limiter, history, window)
    assert ([message.to_dict() for message in history], counts) == before


def law_a_larger_limit_never_keeps_less(limiter: TokenLimiter, more: int, history: list[Message]) -> None:
    larger_limiter = replace(limiter, token_limit=limiter.token_limit + more)
    for step in steps(history):
        small, large = fitted(limiter, step), fitted(larger_limiter, step)
        if small is None:
            continue
        assert large is not None
        assert len(large.messages) >= len(small.messages)
        assert set(ids(small.messages)) <= set(ids(large.messages))
        assert_cut_no_further(large, small, counter=limiter.counter)


def assert_cut_no_further(large: LimitedContext, small: LimitedContext, *, counter: TokenCounter) -> None:
    """Whatever `small` sends, `large` sends at least as much of it."""
    small_cuts, large_cuts = dict(small.window.cuts), dict(large.window.cuts)
    bodies = [
        {
            place: without_note(text)
            for owner, message in owned(context.messages)
            for place, text in places(message, owner=owner).items()
        }
        for context in (small, large)
    ]
    for place, text in bodies[0].items():
        mine, theirs = large_cuts.get(place), small_cuts.get(place)
        if mine is None or theirs == STUB:
            continue
        assert theirs is not None
        if mine.shape == theirs.shape:
            assert mine.keep >= theirs.keep
        else:
            assert (theirs.shape, mine.shape) == ("text", "json")
            assert counter.text(bodies[1][place]) >= counter.text(text)


def without_note(text: str) -> str:
    """What tells of iterations that were left out is written before the first result that is sent."""
    return text.partition("]\n")[2] if text.startswith("[Earlier steps of this answer were left out") else text


def owned(messages: Sequence[Message]) -> Iterator[tuple[str, Message]]:
    owner = ""
    for message in messages:
        owner = owner if message.role == "tool" else message.id
        yield owner, message


def law_without_a_window_no_further_turn_would_fit(limiter: TokenLimiter, history: list[Message]) -> None:
    context = fitted(limiter, history)
    if context is None or context.window.cuts or context.window.left_out:
        return
    messages = repair(history).messages
    older = messages[: len(messages) - len(context.messages)]
    if older:
        tokens = [limiter.counter.message(without_reasoning(message)) for message in current_turn(older)]
        assert sum(tokens) > context.receipt.free


def law_the_newest_finished_turn_stays_whenever_it_fits(
    limiter: TokenLimiter, history: list[Message], has_window: bool
) -> None:
    window = Window(token_limit=limiter.token_limit, boundary=history[0].id) if has_window else None
    context = fitted(limiter, history, window)
    messages = repair(history).messages
    current = current_turn(messages)
    older = messages[: len(messages) - len(current)]
    if context is None or not older or context.messages[0] is not current[0]:
        return
    stubbed = [with_stubs(message, counter=limiter.counter) for message in current_turn(older)]
    conversation = sum(limiter.counter.message(without_reasoning(message)) for message in [*stubbed, *current])
    assert conversation > limiter.token_limit - context.counts.total + context.receipt.conversation


def with_stubs(message: Message, *, counter: TokenCounter) -> Message:
    def is_shorter(part: ToolResult) -> bool:
        return counter.text(stub(part)) < counter.text(part.text)

    parts = tuple(
        replace(part, text=stub(part)) if isinstance(part, ToolResult) and is_shorter(part) else part
        for part in message.parts
    )
    return replace(message, parts=parts)


def law_the_prefix_changes_only_when_a_cut_was_needed(limiter: TokenLimiter, history: list[Message]) -> None:
    before: tuple[list[Message], LimitedContext] | None = None
    for step, context in every_context(limiter, history):
        if before is not None:
            known, previous = before
            added = repair(step).messages[len(repair(known).messages) :]
            new = tuple(replayed(message, model=limiter.model) for message in added)
            grown = previous.counts.total + sum(map(limiter.counter.message, new))
            if grown <= limiter.token_limit:
                assert context.messages == previous.messages + new
                assert context.window == previous.window
            else:
                assert context.window.changes == previous.window.changes + 1
                kept = context.window.changed_at
                assert context.messages[:kept] == (previous.messages + new)[:kept]
        before = step, context


def law_a_refit_is_within_its_limit_and_leaves_a_window_to_go_on_with(
    limiter: TokenLimiter, history: list[Message], max_input: int, cold: bool
) -> None:
    first = fitted(limiter, history)
    if first is None:
        return
    try:
        again = limiter.refit(history, max_input=max_input, cold=cold, window=first.window)
    except ContextImpossible:
        assert max_input < first.counts.total
        return
    assert again.counts.total <= min(max_input, limiter.token_limit)
    assert set(ids(again.messages)) <= set(ids(first.messages))
    assert again.counts.total <= first.counts.total
    then = fitted(limiter, history, again.window)
    assert then is not None
    # What lies before a window in a history that is handed over once more has no reason of its own.
    assert without_reasons(then) == without_reasons(again, limit=limiter.token_limit)


def without_reasons(context: LimitedContext, *, limit: int | None = None) -> LimitedContext:
    earlier = Earlier(count=context.earlier.count, tokens=context.earlier.tokens)
    told = Earlier(count=context.receipt.earlier.count, tokens=context.receipt.earlier.tokens)
    receipt = replace(context.receipt, earlier=told, limit=context.receipt.limit if limit is None else limit)
    return replace(context, earlier=earlier, receipt=receipt)


def law_reasoning_follows_exactly_the_prefix_that_it_was_born_from(
    limiter: TokenLimiter, history: list[Message], accidents: list[str]
) -> None:
    born: dict[str, tuple[object, tuple[Message, ...]]] = {}
    window = None
    for end, message in enumerate(history):
        if message.role != "assistant":
            continue
        accident = accidents[end % len(accidents)]
        if accident == "tools":
            limiter = replace(limiter, instructions=limiter.instructions + "!")
        try:
            context = limiter.refit(
                history[:end], max_input=limiter.token_limit, cold=accident == "cold", window=window
            )
        except ContextImpossible:
            return
        for place, sent in enumerate(context.messages):
            thoughts = [part for part in sent.parts if isinstance(part, ReasoningPart)]
            assert all(part.signature and part.origin == limiter.model for part in thoughts)
            if thoughts:
                assert born[sent.id] == (limiter.instructions, context.messages[:place])
        born[message.id] = (limiter.instructions, context.messages)
        window = context.window


def law_every_cut_result_names_its_handle(limiter: TokenLimiter, history: list[Message]) -> None:
    for step, context in every_context(limiter, history):
        whole, sent = sent_results(step), sent_results(context.messages)
        for place in (place for place, _ in context.window.cuts if place.body == "result"):
            text = without_note(sent[place].text)
            assert f"recall {sent[place].handle} reads" in text or is_same_json(text, whole[place].text)


def law_iterations_left_out_are_told_of_where_there_is_room(limiter: TokenLimiter, history: list[Message]) -> None:
    for step, context in every_context(limiter, history):
        notes = [text for text in result_texts(context) if text != without_note(text)]
        assert len(notes) == bool(context.window.noted_in)
        if not context.window.left_out:
            assert notes == []
        elif notes:
            left_out = [message for owner, message in owned(repair(step).messages) if owner in context.window.left_out]
            told = [part.handle for message in left_out for part in message.tool_results if part.handle]
            assert all(handle in notes[0] for handle in told[-6:])


@dataclass(frozen=True, kw_only=True)
class World:
    """A limiter, a conversation (many are broken somewhere) and one in which nothing is broken; and what chance adds: a
    raised limit, a governor that asks for less, a prefix that went cold, tools that changed."""

    limiter: TokenLimiter
    history: list[Message]
    clean: list[Message]
    more: int
    has_window: bool
    max_input: int
    cold: bool
    accidents: list[str]


worlds = st.builds(
    World,
    limiter=limiters,
    history=histories(),
    clean=histories(broken=False, max_turns=8),
    more=st.integers(0, 6_000),
    has_window=st.booleans(),
    max_input=st.integers(300, 12_000),
    cold=st.booleans(),
    accidents=st.lists(st.sampled_from(["", "", "", "tools", "cold"]), min_size=20, max_size=20),
)


OF_ANY_HISTORY: tuple[Callable[[TokenLimiter, list[Message]], None], ...] = (
    law_never_over_the_limit_and_every_number_adds_up,
    law_no_orphan,
    law_the_newest_question_is_whole_and_unseen_results_are_there,
    law_what_is_kept_is_the_end_but_for_one_run_after_the_first_message,
    law_the_same_again_gives_the_same,
    law_what_goes_in_is_not_altered,
    law_without_a_window_no_further_turn_would_fit,
    law_every_cut_result_names_its_handle,
    law_iterations_left_out_are_told_of_where_there_is_room,
)


def check_every_law(world: World) -> int:
    """AssertionError where one is broken. Returns how many model calls were looked at."""
    limiter, history = world.limiter, world.history
    for law in OF_ANY_HISTORY:
        law(limiter, history)
    law_a_larger_limit_never_keeps_less(limiter, world.more, history)
    law_the_newest_finished_turn_stays_whenever_it_fits(limiter, history, world.has_window)
    law_a_refit_is_within_its_limit_and_leaves_a_window_to_go_on_with(limiter, history, world.max_input, world.cold)
    law_reasoning_follows_exactly_the_prefix_that_it_was_born_from(limiter, history, world.accidents)
    calls = len(every_context(limiter, history))
    law_the_prefix_changes_only_when_a_cut_was_needed(limiter, world.clean)
    return calls + len(every_context(limiter, world.clean))
