"""What every call of an agent carries before anybody says a word stays small."""

from __future__ import annotations

import pytest

from agents.defaults import ensure_shipped_rows
from agents.model_counter import counter_of, frame_tokens
from agents.models import HttpSource, LanguageModel
from agents.roster import ROSTER, agent_named, equipped

MOST_TOKENS = 2_000

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", ["smart", "api-correlator"])
@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
def test_an_agent_with_the_shipped_source_takes_at_most_2_000_tokens(slug: str, model: str) -> None:
    ensure_shipped_rows()
    agent = agent_named(slug)
    assert agent is not None
    counter = counter_of(LanguageModel.objects.get(model_id=model))
    ready = equipped(agent)
    assert "company (Sandbox company)" in ready.tools.get("call_source").spec.description  # type: ignore[union-attr]
    assert frame_tokens(ready, counter) <= MOST_TOKENS


@pytest.mark.parametrize("slug", [agent.slug for agent in ROSTER])
def test_without_what_the_vendor_adds_it_does_so_on_the_claude_that_counts_the_most(slug: str) -> None:
    ensure_shipped_rows()
    agent = agent_named(slug)
    assert agent is not None
    ready, counter = equipped(agent), counter_of(LanguageModel.objects.get(model_id="claude-sonnet-5-5"))
    specs = ready.tools.specs
    ours = counter.instructions(ready.instructions) + counter.tools((*specs, *specs)) - counter.tools(specs)
    assert ours <= MOST_TOKENS


def test_the_same_sources_make_the_same_agent_and_others_another() -> None:
    agent = agent_named("api-correlator")
    assert agent is not None
    HttpSource.objects.create(slug="b", name="B", allowed_paths="/")
    one = equipped(agent)
    assert equipped(agent) == one
    assert hash(equipped(agent)) == hash(one)
    assert equipped(agent).tools.specs == one.tools.specs
    HttpSource.objects.create(slug="a", name="A", allowed_paths="/")
    assert equipped(agent) != one


def test_an_agent_that_calls_no_source_stays_as_it_is() -> None:
    agent = agent_named("datadog-champion")
    assert agent is not None
    assert equipped(agent) is agent
