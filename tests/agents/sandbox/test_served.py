"""The models on offer, and their cards."""

from __future__ import annotations

import pytest

from agents.llm.model_families import KNOWN
from agents.sandbox.served import models_of
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker
from tests.agents.sandbox.stage import Stage

SERVED = {model.id: model for vendor in ("anthropic", "openai") for model in models_of(vendor)}


def test_every_model_that_is_still_offered_is_served() -> None:
    """Those that were shut down in October 2026 are not."""
    gone = {"gpt-4.1-nano", "o4-mini", "o3-mini", "o1", "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo"}
    assert KNOWN.keys() - SERVED.keys() == gone
    assert SERVED.keys() <= KNOWN.keys()


@pytest.mark.parametrize("model_id", SERVED)
def test_two_tables_made_apart_agree_on_sizes(model_id: str) -> None:
    """The sandbox judges by a table of its own; where the two differ, one of them is wrong."""
    ours, theirs = SERVED[model_id], KNOWN[model_id]
    assert (ours.context_window, ours.max_output_tokens, ours.max_input_tokens) == (
        theirs.context_window,
        theirs.max_output_tokens,
        theirs.max_input_tokens,
    )
    assert (ours.token_factor, ours.retires) == (theirs.token_factor, theirs.retires)


async def test_a_claude_card_tells_limits_end_and_abilities(near_stage: Stage) -> None:
    models = MessagesSpeaker(near_stage).sdk.models
    card = await models.retrieve("claude-sonnet-4-5")
    assert (card.max_input_tokens, card.max_tokens, card.lifecycle) == (200_000, 64_000, "deprecated")
    assert card.retires_at is not None
    assert card.retires_at.date().isoformat() == "2026-11-30"
    card = await models.retrieve("claude-opus-5-5")
    assert (card.max_input_tokens, card.lifecycle, card.retires_at) == (1_000_000, "active", None)
    assert card.capabilities is not None
    assert card.capabilities.thinking.types.adaptive.supported
    assert not card.capabilities.thinking.types.disabled.supported
    assert card.capabilities.effort.max.supported
    assert not (await models.retrieve("claude-haiku-4-5")).capabilities.effort.supported  # type: ignore[union-attr]


async def test_a_gpt_card_tells_its_end(near_stage: Stage) -> None:
    models = ChatSpeaker(near_stage).sdk.models
    assert (await models.retrieve("gpt-4o")).shutdown_date == "2027-01-14"
    assert (await models.retrieve("gpt-6-sol")).shutdown_date is None
