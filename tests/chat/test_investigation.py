"""Out of the box, without any key: what the Datadog Champion says of the bad deployment of the sandbox's company.

That the facts are found, on every wire and within the limits, is in `test_golden`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from accounts.models import User
from agents.models import StoredResult
from agents.roster import shipped
from agents.sandbox.company.story import BAD_DEPLOYMENT, ERROR_KIND, FAILING
from tests.chat.inquiries import answer_of, ask, calls_of, results_of, set_iterations
from tests.chat.made import conversation_of
from tests.chat.shop import Shop, open_shop
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAMPION = "datadog-champion"


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%dT%H:%M")


async def test_the_bad_deployment_is_found_and_others_are_ruled_out(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    agent = shipped(CHAMPION)
    assert agent is not None
    conversation = await rows(conversation_of, user, agent=CHAMPION, model="sandbox-gpt")
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


async def test_the_whole_of_each_result_is_kept_behind_its_summary(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent=CHAMPION)
    turn = await ask(shop, user, "Why does payment-service fail?", conversation=conversation)
    parts = await rows(results_of, turn)
    stored = {row.handle: row for row in await rows(list, StoredResult.objects.filter(owner=user))}
    assert {part["handle"] for part in parts} == set(stored)
    assert all(0 <= part["took_ms"] < 60_000 for part in parts)
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
