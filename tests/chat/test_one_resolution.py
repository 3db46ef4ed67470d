"""Everybody is told the same settings: the API, the turn's snapshot, the receipt and the request."""

from __future__ import annotations

import os
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings

from accounts.models import User
from agents.llm.errors import ContextImpossible
from agents.llm.providers.base import ModelRequest
from agents.model_counter import frame_tokens
from agents.models import LanguageModel
from agents.settings_resolution import effective
from chat import conversations, post, turn_start, turns
from tests.agents.settings_worlds import World, worlds

at_ease = settings(
    max_examples=int(os.environ.get("SETTINGS_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


QUESTION = 100
"""More tokens than it takes in a request."""


def started(user: User, model: LanguageModel) -> turn_start.Start:
    """A turn of the person on that model, as a worker begins it."""
    conversation = conversations.create(user, provider=model.provider.slug, model=model.model_id)
    post.post_message(user=user, conversation_id=conversation.pk, client_message_id=uuid4().hex, text="echo x")
    [claimed] = turns.claim(owner="worker", capacity=1)
    return turn_start.prepare(claimed.turn)


def asked(start: turn_start.Start) -> tuple[int, ModelRequest | None]:
    """The token limit that was kept, and the first request; None where not even the question fits."""
    try:
        built = start.context.build(is_last=False)
    except ContextImpossible as refusal:
        return refusal.params["limit"], None
    return built.limited.receipt.limit, built.request


@pytest.mark.django_db
@given(world=worlds())
@at_ease
def test_the_api_the_snapshot_the_receipt_and_the_request_agree(
    owner: User, owner_client: Client, world: World
) -> None:
    with transaction.atomic():
        model = world.build(owner)
        answer = owner_client.get(f"/api/v1/agent-configs/{model.provider.slug}/{model.model_id}").json()
        told = {name: setting["value"] for name, setting in answer["values"].items()}
        start = started(owner, model)
        assert start.settings == {"values": answer["values"], "version": answer["version"]}
        assert start.settings == effective(user=owner, model=model).as_dict()
        assert start.context.values.max_iterations == told["max_iterations"]
        caps = start.context.limiter.caps
        assert (caps.last_messages, caps.max_age_minutes) == (told["last_messages"], told["max_age_minutes"])
        limit, request = asked(start)
        assert limit == told["context_token_limit"]
        if request is None:
            assert limit < frame_tokens(start.context.agent, start.context.limiter.counter) + QUESTION
        else:
            assert request.max_output_tokens == told["response_token_limit"]
            assert request.temperature == told["temperature"]
            assert request.effort == (told["effort"] or None)
            assert "smart" not in {agent["agent"] for agent in answer["agents_that_cannot_run"]}
        transaction.set_rollback(True)
