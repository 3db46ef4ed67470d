"""An admin's row makes another agent of a shipped one; without a row the shipped one is used."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agents.availability import check_agent, usable_agent
from agents.llm.errors import ConfigInvalid
from agents.models import DEFAULT_AGENT_SLUG, AgentCopy
from agents.roster import DEFAULT_AGENT, ROSTER, agent_named, default_agent, names, offered, shipped

CHAMPION = "datadog-champion"

pytestmark = pytest.mark.django_db


def edited(slug: str = CHAMPION, **values: object) -> AgentCopy:
    return AgentCopy.objects.create(**{"slug": slug, "based_on": slug, **values})


def slugs() -> list[str]:
    return [agent.slug for agent in offered()]


def test_without_rows_the_shipped_agents_are_used() -> None:
    assert offered() == ROSTER
    assert agent_named(CHAMPION) is shipped(CHAMPION)
    assert default_agent() is DEFAULT_AGENT
    assert agent_named("nobody") is None


def test_a_row_says_what_is_otherwise_and_leaves_the_rest_as_shipped() -> None:
    edited(name="Detective", instructions="You are a detective.", starters=["Who?"])
    agent, base = agent_named(CHAMPION), shipped(CHAMPION)
    assert agent is not None
    assert base is not None
    assert (agent.name, agent.instructions, agent.starters) == ("Detective", "You are a detective.", ("Who?",))
    assert agent.description == base.description
    assert agent.tools.specs == base.tools.specs
    assert [one.name for one in offered()] == ["Smart Agent", "Detective", "API Correlator"]


def test_a_row_that_says_nothing_is_the_shipped_agent() -> None:
    edited()
    agent, base = agent_named(CHAMPION), shipped(CHAMPION)
    assert agent is not None
    assert base is not None
    assert (agent.name, agent.instructions, agent.tools.specs) == (base.name, base.instructions, base.tools.specs)


def test_tools_are_switched_off_by_name_and_unknown_names_do_no_harm() -> None:
    edited(tools_off=["datadog_monitors", "calculate", "of_an_older_version"])
    agent, base = agent_named(CHAMPION), shipped(CHAMPION)
    assert agent is not None
    assert base is not None
    left = [spec.name for spec in base.tools.specs if spec.name not in {"datadog_monitors", "calculate"}]
    assert [spec.name for spec in agent.tools.specs] == left


def test_the_same_row_makes_the_very_same_agent_and_a_changed_one_another() -> None:
    row = edited(instructions="One.", tools_off=["datadog_monitors", "calculate"])
    one = agent_named(CHAMPION)
    assert agent_named(CHAMPION) is one
    assert offered()[1] is one
    AgentCopy.objects.filter(pk=row.pk).update(tools_off=["calculate", "datadog_monitors"])
    assert agent_named(CHAMPION) is one, "the order of what is switched off is not sent"
    AgentCopy.objects.filter(pk=row.pk).update(instructions="Two.")
    changed = agent_named(CHAMPION)
    assert changed is not None
    assert changed.instructions == "Two."


def test_one_that_is_switched_off_is_not_offered_and_says_so() -> None:
    edited(enabled=False, name="Detective")
    assert slugs() == ["smart", "api-correlator"]
    assert agent_named(CHAMPION) is None
    assert names()[CHAMPION] == "Detective"
    assert check_agent(CHAMPION) == "is switched off"
    with pytest.raises(ConfigInvalid, match=r"Detective is switched off\. Your message is kept"):
        usable_agent(CHAMPION)


def test_one_that_is_not_there_is_not_known() -> None:
    assert check_agent("nobody") == "is not known"
    assert check_agent("smart") is None
    with pytest.raises(ConfigInvalid, match=r"no agent named 'nobody'\. Your message is kept"):
        usable_agent("nobody")


def test_an_admin_adds_one_with_the_tools_of_a_shipped_one() -> None:
    edited("night-watch", based_on=CHAMPION, name="Night Watch", tools_off=["calculate"])
    agent, base = agent_named("night-watch"), shipped(CHAMPION)
    assert agent is not None
    assert base is not None
    assert slugs() == [*(one.slug for one in ROSTER), "night-watch"]
    assert agent.instructions == base.instructions
    assert {spec.name for spec in base.tools.specs} - {spec.name for spec in agent.tools.specs} == {"calculate"}


def test_one_whose_base_is_no_longer_shipped_is_not_offered() -> None:
    edited("old", based_on="retired", name="Old")
    assert "old" not in slugs()
    assert agent_named("old") is None


def test_the_default_agent_cannot_be_switched_off() -> None:
    assert DEFAULT_AGENT.slug == DEFAULT_AGENT_SLUG
    with pytest.raises(IntegrityError), transaction.atomic():
        edited(DEFAULT_AGENT_SLUG, enabled=False)


def test_an_agent_is_looked_up_with_one_short_read() -> None:
    with CaptureQueriesContext(connection) as asked:
        agent_named(CHAMPION)
    assert len(asked) == 1
