"""A turn that asks its owner: nothing is done before the answer, the answer holds once, and only the owner has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from pytest_django import Settings

from accounts.models import AuditEntry
from agents.governor.peek import peek
from agents.models import LanguageModel
from agents.pool_limits import pool_of
from chat import approvals, ended_turns, transcript
from chat.models import Approval, Turn
from chat.turn_state import State
from tests.chat.refunding import asked, asking_row, handed_on, refunds, shown, talk, words
from tests.chat.stage import Person, Stage, new_person, rows
from tests.chat.tab import Frame, Tab, is_gapless, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def tab(stage: Stage, ann: Person) -> AsyncIterator[Tab]:
    async with opened(stage, ann) as tab:
        yield tab


async def folds_like_its_rows(turn: str) -> None:
    row = await rows(Turn.objects.select_related("model__provider").get, pk=turn)
    folded, stored = await rows(transcript.folded, row), (await rows(ended_turns.states, [row]))[turn]
    assert folded["approvals"] == stored["approvals"] != []
    assert [tool["approval"] for tool in tools_of(folded)] == [tool["approval"] for tool in tools_of(stored)]
    assert "pending" not in str(folded)


def tools_of(state: State) -> list[dict[str, Any]]:
    return [tool for iteration in state["iterations"] for tool in iteration["tools"]]


async def call(
    stage: Stage, person: Person | None, path: str, *, body: dict[str, Any] | None = None, method: str = "POST"
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    async with httpx2.AsyncClient(base_url=f"{stage.origin}/api/v1", headers=headers) as api:
        answer = await api.request(method, path, json=body)
        return answer.status_code, answer.json()


class TestAQuestion:
    async def test_shows_the_exact_request_and_nothing_is_done_before_the_answer(
        self, stage: Stage, ann: Person, tab: Tab
    ) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20001"))
        called = await tab.seen(turn, "tool.call")
        assert (
            event.items()
            >= {
                "call": called["id"],
                "tool": "call_source",
                "title": "POST to Sandbox company",
                "request": shown("ORD-20001"),
            }.items()
        )
        assert event["expires_at"] > event["ts"]
        assert (await rows(Turn.objects.get, pk=turn)).status == "running"
        assert refunds(stage.sandbox, "ORD-20001") == 0
        assert not [one for one in tab.of_turn(turn) if one["type"] == "tool.result"]
        await tab.ok("stop", turn=turn)

    async def test_that_is_allowed_is_done_once_and_the_answer_goes_on(
        self, stage: Stage, ann: Person, tab: Tab
    ) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20002"))
        ack = await tab.ok("approve", turn=turn, approval=event["id"], approved=True)
        assert ack["turn"] == turn
        assert (await tab.ended(turn))["status"] == "completed"
        decided = await tab.seen(turn, "tool.decided")
        assert (
            decided.items()
            >= {"id": event["id"], "call": event["call"], "approved": True, "by": str(ann.user.pk)}.items()
        )
        result = await tab.seen(turn, "tool.result")
        assert (result["id"], result["ok"]) == (event["call"], True)
        assert decided["seq"] < result["seq"]
        assert is_gapless(tab.of_turn(turn))
        assert refunds(stage.sandbox, "ORD-20002") == 1
        await folds_like_its_rows(turn)

    async def test_that_is_refused_is_not_done_and_the_model_is_told(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20003"))
        await tab.ok("approve", turn=turn, approval=event["id"], approved=False)
        assert (await tab.ended(turn))["status"] == "completed"
        assert (await tab.seen(turn, "tool.decided"))["approved"] is False
        result = await tab.seen(turn, "tool.result")
        assert not result["ok"]
        assert "refused, so nothing was done" in result["preview"]
        told = [entry for entry in stage.sandbox.requests_with("ORD-20003") if "refused, so nothing" in str(entry.body)]
        assert told, "the model has read it"
        assert refunds(stage.sandbox, "ORD-20003") == 0
        await folds_like_its_rows(turn)

    async def test_that_nobody_answers_ends_as_a_refusal(
        self, stage: Stage, ann: Person, tab: Tab, settings: Settings
    ) -> None:
        settings.APPROVAL_SECONDS = 0.2
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20004"))
        assert (await tab.ended(turn))["status"] == "completed"
        decided = await tab.seen(turn, "tool.decided")
        assert (decided["approved"], decided["by"]) == (False, None)
        assert "nobody answered" in (await tab.seen(turn, "tool.result"))["preview"]
        assert await tab.refused("approve", turn=turn, approval=event["id"], approved=True) == "approval_decided"
        assert refunds(stage.sandbox, "ORD-20004") == 0
        await folds_like_its_rows(turn)

    async def test_ends_with_a_stop(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20005"))
        await tab.ok("stop", turn=turn)
        assert (await tab.ended(turn))["status"] == "stopped"
        assert (await rows(Approval.objects.get, pk=event["id"])).status == "expired"
        assert await tab.refused("approve", turn=turn, approval=event["id"], approved=True) == "approval_decided"
        assert refunds(stage.sandbox, "ORD-20005") == 0
        await folds_like_its_rows(turn)

    async def test_is_asked_for_each_call_by_itself(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, _ = await asked(tab, await talk(ann, tab), words("ORD-20006", before="parallel 2"))
        await tab.seen(turn, "tool.approval", times=2)
        first, second = [one for one in tab.of_turn(turn) if one["type"] == "tool.approval"]
        assert first["id"] != second["id"]
        await tab.ok("approve", turn=turn, approval=first["id"], approved=True)
        await tab.seen(turn, "tool.result")
        assert refunds(stage.sandbox, "ORD-20006") == 1
        assert len([one for one in tab.of_turn(turn) if one["type"] == "tool.result"]) == 1
        await tab.ok("approve", turn=turn, approval=second["id"], approved=False)
        assert (await tab.ended(turn))["status"] == "completed"
        assert refunds(stage.sandbox, "ORD-20006") == 1
        await folds_like_its_rows(turn)

    async def test_is_asked_again_in_the_next_iteration_and_in_the_next_turn(
        self, stage: Stage, ann: Person, tab: Tab
    ) -> None:
        conversation = await talk(ann, tab)
        turn, event = await asked(tab, conversation, words("ORD-20007", before="loop 2"))
        await tab.ok("approve", turn=turn, approval=event["id"], approved=True)
        again = await tab.seen(turn, "tool.approval", times=2)
        assert refunds(stage.sandbox, "ORD-20007") == 1
        await tab.ok("approve", turn=turn, approval=again["id"], approved=False)
        await tab.ended(turn)
        later, third = await asked(tab, conversation, words("ORD-20007"))
        assert await tab.refused("approve", turn=later, approval=event["id"], approved=True) == "not_found"
        assert refunds(stage.sandbox, "ORD-20007") == 1
        await tab.ok("approve", turn=later, approval=third["id"], approved=False)
        await tab.ended(later)
        await folds_like_its_rows(turn)

    async def test_survives_a_new_socket_and_is_answered_there(self, stage: Stage, ann: Person, tab: Tab) -> None:
        conversation = await talk(ann, tab)
        turn, event = await asked(tab, conversation, words("ORD-20008"))
        async with opened(stage, ann) as later:
            await later.ok("subscribe", conversation=str(conversation.pk), cursors={})
            assert (await later.seen(turn, "tool.approval")) == event
            await later.ok("approve", turn=turn, approval=event["id"], approved=True)
            await later.ended(turn)
        assert refunds(stage.sandbox, "ORD-20008") == 1
        assert (await tab.ended(turn))["status"] == "completed"


class TestAQuestionOfAnotherAgent:
    """That a task was handed to: it is asked of whoever the turn is for, and of nobody else."""

    async def test_shows_the_exact_request_and_nothing_is_done_before_the_answer(
        self, stage: Stage, ann: Person, tab: Tab
    ) -> None:
        turn, event = await asked(tab, await talk(ann, tab, agent="smart"), handed_on("ORD-20040"))
        handed, called = await tab.seen(turn, "tool.call"), await tab.seen(turn, "delegate.tool")
        assert (handed["name"], called["call"], called["name"]) == ("delegate", handed["id"], "call_source")
        expected = {"call": called["id"], "title": "POST to Sandbox company", "request": shown("ORD-20040")}
        assert event.items() >= expected.items()
        assert not [one for one in tab.of_turn(turn) if one["type"] in ("tool.result", "delegate.result")]
        assert refunds(stage.sandbox, "ORD-20040") == 0
        await tab.ok("stop", turn=turn)

    @pytest.mark.parametrize(("order", "approved"), [("ORD-20041", True), ("ORD-20042", False)])
    async def test_is_done_once_if_allowed_and_never_if_refused(
        self, stage: Stage, ann: Person, tab: Tab, order: str, approved: bool
    ) -> None:
        turn, event = await asked(tab, await talk(ann, tab, agent="smart"), handed_on(order))
        await tab.ok("approve", turn=turn, approval=event["id"], approved=approved)
        assert (await tab.ended(turn))["status"] == "completed"
        decided, result = await tab.seen(turn, "tool.decided"), await tab.seen(turn, "delegate.result")
        assert (decided["call"], decided["approved"], result["ok"]) == (event["call"], approved, approved)
        assert refunds(stage.sandbox, order) == int(approved)
        assert [one["type"] for one in tab.of_turn(turn)].count("tool.approval") == 1
        await folds_like_its_rows(turn)

    async def test_is_decided_by_nobody_else(self, stage: Stage, ann: Person, bob: Person, *, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab, agent="smart"), handed_on("ORD-20043"))
        path = f"/turns/{turn}/approvals/{event['id']}"
        assert (await call(stage, bob, path, body={"approved": True}))[0] == 404
        assert (await call(stage, None, path, body={"approved": True}))[0] == 401
        async with opened(stage, bob) as stranger:
            assert await stranger.refused("approve", turn=turn, approval=event["id"], approved=True) == "not_found"
        assert (await rows(Approval.objects.get, pk=event["id"])).status == "pending"
        assert refunds(stage.sandbox, "ORD-20043") == 0
        await tab.ok("stop", turn=turn)

    async def test_ends_with_a_stop(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab, agent="smart"), handed_on("ORD-20044"))
        await tab.ok("stop", turn=turn)
        assert (await tab.ended(turn))["status"] == "stopped"
        assert (await rows(Approval.objects.get, pk=event["id"])).status == "expired"
        assert await tab.refused("approve", turn=turn, approval=event["id"], approved=True) == "approval_decided"
        assert refunds(stage.sandbox, "ORD-20044") == 0
        await folds_like_its_rows(turn)


class TestWhileItWaits:
    async def test_the_turn_holds_nothing_of_the_rate_limit(self, ann: Person, tab: Tab) -> None:
        turn, _ = await asked(tab, await talk(ann, tab, model="sandbox-claude-tight"), words("ORD-20010"))
        models = LanguageModel.objects.select_related("pool", "provider")
        model = await rows(models.get, model_id="sandbox-claude-tight")
        state = await rows(peek, pool_of(model).key)
        assert state is not None, "a call was made"
        assert (state.held, state.waiting) == ({}, {})
        await tab.ok("stop", turn=turn)
        await tab.ended(turn)

    async def test_a_decision_of_another_process_is_heard(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20011"))
        ids = {"turn_id": turn, "approval_id": event["id"]}
        await rows(approvals.decide, user=ann.user, approved=True, **ids)  # Without a word to this process's engine.
        assert (await tab.ended(turn))["status"] == "completed"
        assert refunds(stage.sandbox, "ORD-20011") == 1


class TestWhoDecides:
    async def test_the_owner_over_rest(self, stage: Stage, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20020"))
        path = f"/turns/{turn}/approvals"
        status, listed = await call(stage, ann, path, method="GET")
        named = {name: event[name] for name in ("id", "call", "tool", "title", "request", "expires_at")}
        assert (status, listed["items"]) == (200, [{**named, "status": "pending", "decided_at": None}])
        status, answer = await call(stage, ann, f"{path}/{event['id']}", body={"approved": True})
        assert (status, answer["status"]) == (200, "approved")
        assert answer["decided_at"] is not None
        await tab.ended(turn)
        assert refunds(stage.sandbox, "ORD-20020") == 1
        status, answer = await call(stage, ann, f"{path}/{event['id']}", body={"approved": False})
        assert (status, answer["error"]["code"]) == (409, "approval_decided")
        status, listed = await call(stage, ann, path, method="GET")
        assert [one["status"] for one in listed["items"]] == ["approved"]

    async def test_and_nobody_else(self, stage: Stage, ann: Person, bob: Person, *, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20021"))
        path = f"/turns/{turn}/approvals"
        for approved in (True, False):
            status, answer = await call(stage, bob, f"{path}/{event['id']}", body={"approved": approved})
            assert (status, answer["error"]["code"]) == (404, "not_found")
            status, _ = await call(stage, None, f"{path}/{event['id']}", body={"approved": approved})
            assert status == 401
        assert (await call(stage, bob, path, method="GET"))[0] == 404
        assert (await call(stage, None, path, method="GET"))[0] == 401
        async with opened(stage, bob) as stranger:
            sent = {"turn": turn, "approval": event["id"], "approved": True}
            assert await stranger.refused("approve", **sent) == "not_found"
            own, mine = await asked(stranger, await talk(bob, stranger), words("ORD-20022"))
            # An approval of another turn is none of this one, whoever owns which.
            assert await stranger.refused("approve", **(sent | {"turn": own})) == "not_found"
            assert await stranger.refused("approve", turn=turn, approval=mine["id"], approved=True) == "not_found"
            await stranger.ok("stop", turn=own)
        assert (await rows(Approval.objects.get, pk=event["id"])).status == "pending"
        assert refunds(stage.sandbox, "ORD-20021") == refunds(stage.sandbox, "ORD-20022") == 0
        await tab.ok("stop", turn=turn)

    async def test_no_token_that_may_only_read(self, stage: Stage) -> None:
        reader = await new_person(scope="read")
        conversation = await reader.conversation(agent="api-correlator")
        turn = await rows(asking_row, conversation)
        path = f"/turns/{turn.turn_id}/approvals"
        assert (await call(stage, reader, path, method="GET"))[0] == 200
        status, answer = await call(stage, reader, f"{path}/{turn.pk}", body={"approved": True})
        assert (status, answer["error"]["code"]) == (403, "forbidden")
        async with opened(stage, reader) as tab:
            sent = {"turn": str(turn.turn_id), "approval": str(turn.pk), "approved": True}
            assert await tab.refused("approve", **sent) == "forbidden"
        assert (await rows(Approval.objects.get, pk=turn.pk)).status == "pending"

    @pytest.mark.parametrize(
        "body", [{}, {"approved": "true"}, {"approved": 1}, {"approved": None}, {"approved": True, "by": "x"}]
    )
    async def test_with_nothing_but_yes_or_no(self, stage: Stage, ann: Person, body: dict[str, Any]) -> None:
        conversation = await ann.conversation()
        row = await rows(asking_row, conversation)
        status, answer = await call(stage, ann, f"/turns/{row.turn_id}/approvals/{row.pk}", body=body)
        assert (status, answer["error"]["code"]) == (422, "invalid_request")
        assert (await rows(Approval.objects.get, pk=row.pk)).status == "pending"

    @pytest.mark.parametrize("approved", ["true", 1, None, [], "yes"])
    async def test_nor_with_anything_else_in_a_frame(self, ann: Person, tab: Tab, approved: object) -> None:
        row = await rows(asking_row, await ann.conversation())
        frame: Frame = {"turn": str(row.turn_id), "approval": str(row.pk), "approved": approved}
        assert await tab.refused("approve", **frame) == "invalid_request"
        assert (await rows(Approval.objects.get, pk=row.pk)).status == "pending"

    async def test_what_is_not_there_is_not_found(self, stage: Stage, ann: Person, tab: Tab) -> None:
        row = await rows(asking_row, await ann.conversation())
        path = f"/turns/{row.turn_id}/approvals/{uuid4()}"
        assert (await call(stage, ann, path, body={"approved": True}))[0] == 404
        sent = {"turn": str(uuid4()), "approval": str(row.pk), "approved": True}
        assert await tab.refused("approve", **sent) == "not_found"

    async def test_nothing_of_a_turn_that_has_ended(self, stage: Stage, ann: Person) -> None:
        row = await rows(asking_row, await ann.conversation())
        await rows(Turn.objects.filter(pk=row.turn_id).update, status="interrupted")
        status, answer = await call(stage, ann, f"/turns/{row.turn_id}/approvals/{row.pk}", body={"approved": True})
        assert (status, answer["error"]["code"]) == (409, "turn_not_running")
        assert (await rows(Approval.objects.get, pk=row.pk)).status == "pending"

    async def test_the_audit_log_says_who_and_not_what_was_written(self, ann: Person, tab: Tab) -> None:
        turn, event = await asked(tab, await talk(ann, tab), words("ORD-20030"))
        await tab.ok("approve", turn=turn, approval=event["id"], approved=False)
        await tab.ended(turn)
        entry = await rows(AuditEntry.objects.get, target_id=event["id"])
        assert (entry.actor_id, entry.action, entry.target_type) == (ann.user.pk, "denied", "chat.Approval")
        assert entry.changes == {"status": ["pending", "denied"], "tool": [None, "call_source"]}
        assert "ORD-20030" not in f"{entry.target_name} {entry.changes}"
