"""Out of the box, without any key: the Datadog Champion finds the bad deployment of the sandbox's company.

The golden facts are the company's ground truth; which words tell them is left to the sandbox's script.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, ModelCall, StoredResult
from agents.roster import agent_named
from agents.sandbox.company.story import BAD_DEPLOYMENT, ERROR_KIND, FAILING
from chat.models import Conversation, Iteration, Message, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAMPION = "datadog-champion"


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


async def ask(shop: Shop, user: User, text: str, *, conversation: Conversation) -> Turn:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
    return turn


def answer_of(turn: Turn) -> str:
    texts = [
        "".join(part["text"] for part in row.parts if part["kind"] == "text")
        for row in Message.objects.filter(turn=turn, role="assistant").order_by("position")
    ]
    return texts[-1]


def calls_of(turn: Turn) -> list[list[str]]:
    """The names of the tools that each iteration called."""
    found = Message.objects.filter(turn=turn, role="assistant").order_by("position")
    return [[part["name"] for part in row.parts if part["kind"] == "tool_call"] for row in found]


def results_of(turn: Turn) -> list[dict[str, Any]]:
    found = Message.objects.filter(turn=turn, role="tool").order_by("position")
    return [part for row in found for part in row.parts]


def calls_booked(user: User) -> list[ModelCall]:
    return list(ModelCall.objects.filter(user=user, purpose="chat"))


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
async def test_the_bad_deployment_is_found(shop: Shop, user: User, sandbox: HeldSandbox, model: str) -> None:
    agent = agent_named(CHAMPION)
    assert agent is not None
    conversation = await rows(conversation_of, user, agent=CHAMPION, model=model)
    turn = await ask(shop, user, agent.starters[0], conversation=conversation)
    answer = await rows(answer_of, turn)
    _, deployed = sandbox.company.story.look()

    finding = answer.split("\n\n")[0]
    assert BAD_DEPLOYMENT.service in finding
    assert BAD_DEPLOYMENT.version in finding
    assert iso(deployed) in finding
    assert BAD_DEPLOYMENT.about in finding
    assert "Confidence: high" in finding
    assert f"`{FAILING[0]}` POST /v1/charges" in answer
    assert ERROR_KIND in answer
    assert "**Ruled out**:\n\n- Deployed inventory-service v1.9.3" in answer

    iterations = await rows(calls_of, turn)
    limits = await rows(settings_of, turn)
    assert 4 <= len(iterations) <= limits["max_iterations"]
    assert iterations[-1] == []
    assert all(iterations[:-1])
    assert await rows(Iteration.objects.filter(turn=turn).count) == len(iterations)
    booked = await rows(calls_booked, user)
    assert len(booked) == len(iterations)
    assert all(0 < (call.input_tokens or 0) <= limits["context_token_limit"] for call in booked)


async def test_the_whole_of_each_result_is_kept_behind_its_summary(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent=CHAMPION)
    turn = await ask(shop, user, "Why does payment-service fail?", conversation=conversation)
    parts = await rows(results_of, turn)
    stored = {row.handle: row for row in await rows(list, StoredResult.objects.filter(owner=user))}
    assert {part["handle"] for part in parts} == set(stored)
    for part in parts:
        summary, row = json.loads(part["text"]), stored[part["handle"]]
        assert summary["[summarised]"] == f"recall {row.handle} reads all of it"
        assert summary["source"].startswith("Sandbox company")
        assert (row.scope, row.size) == (str(conversation.pk), len(row.text))
        if "found" in summary:
            assert len(json.loads(row.text)) == summary["found"]
    logs = next(part for part in parts if part["name"] == "datadog_search_logs")
    assert len(stored[logs["handle"]].text) > 50 * len(logs["text"])


async def test_on_the_last_iteration_it_sums_up_what_it_has(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent=CHAMPION)
    await rows(set_iterations, user, 3)
    turn = await ask(shop, user, "Why are we seeing 500 errors in payment-service?", conversation=conversation)
    answer = await rows(answer_of, turn)
    assert len(await rows(calls_of, turn)) == 3
    assert "I reached the last step" in answer
    assert "error logs, the first" in answer
    assert BAD_DEPLOYMENT.version not in answer.split("\n\n")[0], "nobody has looked for deployments yet"


@pytest.mark.parametrize(
    ("question", "tool", "part"),
    [
        ("Which monitors alert right now, and since when?", "datadog_monitors", "payment-service: too many 5xx: Alert"),
        ("What changed in the last 2 hours?", "datadog_search_events", BAD_DEPLOYMENT.title),
    ],
)
async def test_smaller_questions_need_one_step(shop: Shop, user: User, question: str, tool: str, part: str) -> None:
    conversation = await rows(conversation_of, user, agent=CHAMPION)
    turn = await ask(shop, user, question, conversation=conversation)
    assert await rows(calls_of, turn) == [[tool], []]
    assert part in await rows(answer_of, turn)


async def test_an_agent_without_these_tools_does_not_investigate(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent="api-correlator")
    turn = await ask(shop, user, "Why are we seeing 500 errors in payment-service?", conversation=conversation)
    assert await rows(calls_of, turn) == [[]]


def settings_of(turn: Turn) -> dict[str, Any]:
    values = Turn.objects.get(pk=turn.pk).settings["values"]
    return {name: one["value"] for name, one in values.items()}


def set_iterations(user: User, most: int) -> None:
    model = LanguageModel.objects.get(model_id="sandbox-claude")
    AgentConfig.objects.create(model=model, user=user, max_iterations=most)
