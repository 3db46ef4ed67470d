"""The inspector's fragment: a stored receipt in words and numbers, for the owner of the turn alone."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.models import ModelCall
from chat.models import Branch, Conversation, Iteration, Message, Turn
from chat.shown_receipt import MOST_LINES, budget, shown_receipt
from tests.chat.made import conversation_of

pytestmark = pytest.mark.django_db

BUDGET = {
    "limit": 8_192,
    "instructions": 200,
    "tools": 600,
    "overhead": 5,
    "conversation": 2_000,
    "message": 300,
    "total": 2_805,
    "free": 5_387,
}
NO_EARLIER: dict[str, Any] = {"count": 0, "tokens": 0, "reasons": {}}


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return conversation_of(owner)


@pytest.fixture
def branch(conversation: Conversation) -> Branch:
    return Branch.objects.create(conversation=conversation)


def add(branch: Branch, position: int, role: str, *parts: dict[str, Any]) -> Message:
    return Message.objects.create(
        conversation_id=branch.conversation_id, branch=branch, position=position, role=role, parts=list(parts)
    )


def text(words: str) -> dict[str, Any]:
    return {"kind": "text", "text": words}


def entry(message: Message | None, status: str = "kept", reason: str = "", **sizes: int) -> dict[str, Any]:
    return {
        "message_id": str(message.pk) if message else "",
        "role": message.role if message else "tool",
        "status": status,
        "reason": reason,
        "tokens": 100,
        "whole": 100,
        **sizes,
    }


def a_turn(conversation: Conversation, question: Message, *receipts: dict[str, Any], **call: Any) -> Turn:
    turn = Turn.objects.create(
        number=1, conversation=conversation, question=question, agent="smart", status="completed"
    )
    for n, receipt in enumerate(receipts, start=1):
        row = ModelCall.objects.create(estimated_input_tokens=1, max_output_tokens=1, **call) if call else None
        Iteration.objects.create(turn=turn, n=n, receipt=receipt, model_call=row)
    return turn


def receipt(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**BUDGET, "entries": list(entries), "earlier": NO_EARLIER, "boundary": None, "call": str(uuid4()), **more}


def page(client: Client, turn: Turn, query: str = "") -> str:
    response = client.get(reverse("chat:receipt", args=[turn.pk]) + query)
    assert isinstance(response, HttpResponse)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


class TestWhoSeesIt:
    def test_the_owner(self, owner_client: Client, conversation: Conversation, branch: Branch) -> None:
        question = add(branch, 0, "user", text("Why is it slow?"))
        assert "Why is it slow?" in page(owner_client, a_turn(conversation, question, receipt(entry(question))))

    @pytest.mark.parametrize("stranger", ["member_client", "staff_client"])
    def test_to_others_it_does_not_exist(
        self, request: pytest.FixtureRequest, conversation: Conversation, branch: Branch, stranger: str
    ) -> None:
        turn = a_turn(conversation, add(branch, 0, "user", text("secret")), receipt())
        answer = request.getfixturevalue(stranger).get(reverse("chat:receipt", args=[turn.pk]))
        assert answer.status_code == 404
        assert b"secret" not in answer.content

    def test_nobody_is_sent_to_the_sign_in_page(
        self, client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        turn = a_turn(conversation, add(branch, 0, "user"), receipt())
        assert client.get(reverse("chat:receipt", args=[turn.pk])).status_code == 302

    def test_only_reading(self, owner_client: Client, conversation: Conversation, branch: Branch) -> None:
        turn = a_turn(conversation, add(branch, 0, "user"), receipt())
        assert owner_client.post(reverse("chat:receipt", args=[turn.pk])).status_code == 405

    @pytest.mark.parametrize("query", ["?n=3", "?n=0", "?n=x", "?n=-1", "?n=99999999", "?n=٢"])
    def test_a_call_that_there_is_not(
        self, owner_client: Client, conversation: Conversation, branch: Branch, query: str
    ) -> None:
        turn = a_turn(conversation, add(branch, 0, "user"), receipt(), receipt())
        assert owner_client.get(reverse("chat:receipt", args=[turn.pk]) + query).status_code == 404

    def test_a_turn_without_calls(self, owner_client: Client, conversation: Conversation, branch: Branch) -> None:
        turn = a_turn(conversation, add(branch, 0, "user"))
        assert owner_client.get(reverse("chat:receipt", args=[turn.pk])).status_code == 404


class TestWhatItSays:
    def test_the_newest_call_or_the_one_asked_for(
        self, owner_client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        turn = a_turn(conversation, add(branch, 0, "user"), receipt(), receipt(), receipt())
        assert "Model call 3 of 3" in page(owner_client, turn)
        assert "Model call 2 of 3" in page(owner_client, turn, "?n=2")

    def test_the_budget_adds_up_to_the_limit(self) -> None:
        parts = budget(receipt())
        assert {part.name: part.tokens for part in parts} == {
            "instructions": 200,
            "tools": 600,
            "overhead": 5,
            "conversation": 1_700,
            "message": 300,
            "free": 5_387,
        }
        assert sum(part.tokens for part in parts) == 8_192

    def test_each_fate_has_its_words_and_its_reason(
        self, owner: User, conversation: Conversation, branch: Branch
    ) -> None:
        call = {"kind": "tool_call", "id": "c", "name": "search_logs", "arguments": "{}"}
        result = {"kind": "tool_result", "call_id": "c", "name": "search_logs", "text": "found\n" * 99, "ok": True}
        question = add(branch, 4, "user", text("Why?"))
        asked, found = add(branch, 5, "assistant", call), add(branch, 6, "tool", result)
        turn = a_turn(
            conversation,
            question,
            receipt(
                entry(question),
                entry(asked, "left_out", "iteration_left_out", tokens=0),
                entry(found, "stubbed", "result_stubbed", tokens=20),
                entry(found, "shortened", "result_shortened", tokens=60),
                entry(asked, "kept", "reasoning_dropped"),
                entry(None, "kept", "repaired"),
            ),
        )
        lines = shown_receipt(owner, turn.pk, n=None).lines
        assert [(line.number, line.who, line.said, line.tokens) for line in lines] == [
            (5, "You", "sent", 100),
            (6, "Answer", "not sent", 0),
            (7, "Results", "one line", 20),
            (7, "Results", "shortened", 60),
            (6, "Answer", "sent", 100),
            (None, "Results", "sent", 100),
        ]
        assert [line.excerpt[:20] for line in lines[:3]] == ["Why?", "calls search_logs", "search_logs: found f"]
        assert [bool(line.why) for line in lines] == [False, True, True, True, True, True]

    def test_what_came_before_is_summed_up_for_each_reason(
        self, owner_client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        earlier = {
            "count": 16,
            "tokens": 9_641,
            "reasons": {
                "over_limit": {"count": 12, "tokens": 9_240},
                "too_old": {"count": 1, "tokens": 1},
                "over_rate_limit": {"count": 3, "tokens": 400},
            },
        }
        turn = a_turn(conversation, add(branch, 0, "user"), receipt(earlier=earlier))
        shown = page(owner_client, turn)
        assert "12 earlier messages ( 9,240 tokens) did not fit the token limit" in shown
        assert "3 earlier messages ( 400 tokens) were left out because the rate limit had no room for them" in shown
        assert "1 earlier message ( 1 tokens) were older than Max Age allows" in shown

    def test_what_the_provider_counted_stands_beside_it(
        self, owner: User, owner_client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        question = add(branch, 0, "user")
        turn = a_turn(conversation, question, receipt(), input_tokens=2_889, cache_read_tokens=2_022)
        shown = page(owner_client, turn)
        assert "Counted by the provider 2,889 (+3 %)" in shown
        assert "Read from its cache 2,022 (70 %)" in shown

    def test_what_it_did_not_count_is_not_made_up(
        self, owner_client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        shown = page(owner_client, a_turn(conversation, add(branch, 0, "user"), receipt()))
        assert "Counted by the provider not told" in shown
        assert "cache" not in shown

    def test_a_very_long_list_shows_its_end(self, owner: User, conversation: Conversation, branch: Branch) -> None:
        question = add(branch, 0, "user")
        turn = a_turn(conversation, question, receipt(*[entry(question)] * (MOST_LINES + 7)))
        shown = shown_receipt(owner, turn.pk, n=None)
        assert (len(shown.lines), shown.unlisted) == (MOST_LINES, 7)

    def test_what_somebody_wrote_stays_text(
        self, owner_client: Client, conversation: Conversation, branch: Branch
    ) -> None:
        question = add(branch, 0, "user", text('<img src=x onerror="harm()">'))
        turn = a_turn(conversation, question, receipt(entry(question)))
        response = owner_client.get(reverse("chat:receipt", args=[turn.pk]))
        assert b"<img" not in response.content

    def test_a_deleted_message_leaves_its_numbers(
        self, owner: User, conversation: Conversation, branch: Branch
    ) -> None:
        gone = {**entry(None), "message_id": str(uuid4()), "role": "user"}
        turn = a_turn(conversation, add(branch, 0, "user"), receipt(gone))
        (line,) = shown_receipt(owner, turn.pk, n=None).lines
        assert (line.number, line.who, line.excerpt, line.tokens) == (None, "You", "", 100)


class TestACallThatWasSentOtherwiseThanItWasBuilt:
    def test_says_so(self, owner_client: Client, conversation: Conversation, branch: Branch) -> None:
        otherwise = receipt(built_tokens=8_100, reply_cap=1_024)
        shown = page(owner_client, a_turn(conversation, add(branch, 0, "user"), otherwise))
        for words in ("2,805 instead of 8,100 tokens", "capped at 1,024 tokens", "a longer one goes on by itself"):
            assert words in shown

    def test_and_another_says_nothing(self, owner_client: Client, conversation: Conversation, branch: Branch) -> None:
        shown = page(owner_client, a_turn(conversation, add(branch, 0, "user"), receipt()))
        assert "instead of" not in shown
        assert "capped" not in shown
