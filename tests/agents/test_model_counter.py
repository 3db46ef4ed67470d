from __future__ import annotations

from dataclasses import replace

from agents.model_counter import agents_that_cannot_run, counter_of, frame_tokens
from agents.models import LanguageModel, Wire
from agents.roster import DEFAULT_AGENT, ROSTER
from agents.setting_ranges import ANTHROPIC_DEFAULTS

CLAUDE = LanguageModel(model_id="sandbox-claude", wire=Wire.ANTHROPIC_MESSAGES)
GPT = LanguageModel(model_id="sandbox-gpt", wire=Wire.OPENAI_CHAT)


def test_a_model_is_counted_as_its_wire_frames_it() -> None:
    assert counter_of(CLAUDE).name == "o200k_base*1.25@anthropic"
    assert counter_of(GPT).name == "o200k_base*1@openai"
    assert frame_tokens(DEFAULT_AGENT, counter_of(CLAUDE)) > frame_tokens(DEFAULT_AGENT, counter_of(GPT)) > 0


def test_agents_without_room_are_named_with_their_sizes() -> None:
    needed = frame_tokens(DEFAULT_AGENT, counter_of(CLAUDE))
    tight = replace(ANTHROPIC_DEFAULTS, context_token_limit=needed)
    found = {one.agent: one for one in agents_that_cannot_run(tight, model=CLAUDE, roster=ROSTER)}
    assert (found["smart"].name, found["smart"].needed, found["smart"].limit) == ("Smart Agent", needed, needed)
    roomier = replace(tight, context_token_limit=needed + 1)
    assert "smart" not in {one.agent for one in agents_that_cannot_run(roomier, model=CLAUDE, roster=ROSTER)}


def test_every_agent_runs_with_the_smallest_default() -> None:
    """A default that could not run would be a trap."""
    for model in (CLAUDE, GPT):
        sizes = {agent.slug: frame_tokens(agent, counter_of(model)) for agent in ROSTER}
        assert max(sizes.values()) < 4_096
    assert agents_that_cannot_run(ANTHROPIC_DEFAULTS, model=CLAUDE, roster=ROSTER) == []
