"""What holds for every history, limit and window. `LIMITER_HISTORIES` sets how many are tried (default 500)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.llm.limiter import TokenLimiter
from agents.llm.messages import Message
from agents.llm.tokens import TokenCounter
from tests.agents.llm.histories import histories
from tests.agents.llm.limiter_laws import (
    World,
    check_every_law,
    current_turn,
    every_context,
    fitted,
    sent_results,
    unseen_results,
    worlds,
)
from tests.agents.llm.test_repair import is_sound

HISTORIES = int(os.environ.get("LIMITER_HISTORIES", "500"))


@given(worlds)
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_law_holds(world: World) -> None:
    assert check_every_law(world) > 0 or fitted(world.limiter, world.history) is None


@given(histories(), st.integers(1_500, 8_192))
@settings(max_examples=max(10, HISTORIES // 25), deadline=None)
@pytest.mark.parametrize(
    "counter",
    [TokenCounter(wire="openai"), TokenCounter(encoding="cl100k_base", wire="openai"), TokenCounter(factor=1.5)],
)
def test_all_of_it_holds_with_the_real_vocabularies(counter: TokenCounter, history: list[Message], limit: int) -> None:
    limiter = TokenLimiter(counter=counter, token_limit=limit, instructions="Be brief.")
    for step, context in every_context(limiter, history):
        assert context.counts.messages == tuple(counter.message(message) for message in context.messages)
        assert context.counts.total <= limit
        assert is_sound(context.messages)
        assert current_turn(context.messages)[0] is current_turn(step)[0]
        assert unseen_results(step).keys() <= sent_results(context.messages).keys()
        assert fitted(limiter, step, context.window) == context
