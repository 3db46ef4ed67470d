"""What an admin makes of an agent is there from the next turn on; where it is switched off, no text is lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from accounts.refusals import InvalidRequest
from agents.llm.errors import ConfigInvalid
from agents.models import AgentCopy
from chat import actions, transcript, turn_start, turns
from chat.models import Conversation, Message, Turn
from tests.chat.made import conversation_of, queued

CHAMPION = "datadog-champion"

pytestmark = pytest.mark.django_db


def edited(slug: str = CHAMPION, **values: Any) -> AgentCopy:
    return AgentCopy.objects.create(slug=slug, based_on=slug, **values)


def send(user: User, conversation: Conversation) -> Any:
    return actions.send(user=user, conversation_id=conversation.pk, client_message_id=uuid4().hex, text="echo x")


def claim(turn: Turn) -> Turn:
    return next(one.turn for one in turns.claim(owner="worker", capacity=100) if one.turn.pk == turn.pk)


def test_a_turn_begins_with_the_agent_as_it_is_then(owner: User) -> None:
    turn = queued(owner, conversation=conversation_of(owner, agent=CHAMPION)).turn
    edited(instructions="You are a detective.", tools_off=["datadog_monitors"])
    started = turn_start.prepare(claim(turn))
    assert isinstance(started.first, turn_start.Announced)
    assert started.first.request.instructions == "You are a detective."
    assert "datadog_monitors" not in {spec.name for spec in started.first.request.tools}
    assert started.tools.get("datadog_monitors") is None


def test_a_message_to_an_agent_that_is_switched_off_is_refused_before_anything_is_written(owner: User) -> None:
    conversation = conversation_of(owner, agent=CHAMPION)
    edited(enabled=False)
    with pytest.raises(ConfigInvalid, match=r"Datadog Champion is switched off\. Your message is kept; choose another"):
        send(owner, conversation)
    assert not Message.objects.exists()
    assert not Turn.objects.exists()


def test_a_queued_turn_of_an_agent_that_is_switched_off_meanwhile_is_told(owner: User) -> None:
    turn = queued(owner, conversation=conversation_of(owner, agent=CHAMPION)).turn
    edited(enabled=False)
    with pytest.raises(ConfigInvalid, match=r"Datadog Champion is switched off\. Your message is kept"):
        turn_start.prepare(claim(turn))


def test_an_answer_of_an_agent_that_is_switched_off_is_made_anew_by_another_only(owner: User) -> None:
    accepted = queued(owner, conversation=conversation_of(owner, agent=CHAMPION))
    claim(accepted.turn)
    edited(enabled=False)
    again: dict[str, Any] = {"user": owner, "message_id": accepted.message.pk}
    with pytest.raises(ConfigInvalid, match="is switched off"):
        actions.regenerate(**again, client_message_id=uuid4().hex)
    with pytest.raises(InvalidRequest) as refused:
        actions.regenerate(**again, client_message_id=uuid4().hex, wish=actions.Wish(agent=CHAMPION))
    assert refused.value.params["fields"] == {"agent": "is switched off"}
    anew = actions.regenerate(**again, client_message_id=uuid4().hex, wish=actions.Wish(agent="smart"))
    assert anew.turn.agent == "smart"


def test_nobody_can_choose_an_agent_that_is_switched_off(owner: User, owner_client: Client) -> None:
    conversation = conversation_of(owner)
    edited(enabled=False)
    for method, address in (("post", "/api/v1/conversations"), ("patch", f"/api/v1/conversations/{conversation.pk}")):
        answer = getattr(owner_client, method)(address, {"agent": CHAMPION}, content_type="application/json")
        assert answer.status_code == 422
        assert answer.json()["error"]["params"]["fields"] == {"agent": "is switched off"}


def test_the_page_and_the_api_offer_the_agents_as_they_are_now(owner: User, owner_client: Client) -> None:
    edited(name="Detective", starters=["Who was it?"])
    edited("api-correlator", enabled=False)
    AgentCopy.objects.create(slug="poet", based_on="smart", name="Poet", description="Writes in verse.")
    shown = transcript.page_state(owner, None)["agents"]
    assert [agent["name"] for agent in shown] == ["Smart Agent", "Detective", "Poet"]
    assert shown[1]["starters"] == ["Who was it?"]
    told = owner_client.get("/api/v1/agents").json()["items"]
    assert {agent["id"]: agent["description"] for agent in told}["poet"] == "Writes in verse."
    assert {agent["id"] for agent in told} == {"smart", CHAMPION, "poet"}
