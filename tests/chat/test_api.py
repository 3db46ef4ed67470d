"""Every REST call of the chat: who may make it, what it answers, what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from chat import turns
from chat.models import Conversation, Message, Turn, TurnEvent
from chat.turns import Ending
from tests.chat.made import claimed, conversation_of, held_back, queued, write
from tests.conftest import TokenFor

API = "/api/v1"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True, kw_only=True)
class Things:
    """Of the owner: a conversation with an answered question, and another turn that waits."""

    conversation: Conversation
    question: Message
    turn: Turn
    waiting: Turn


@pytest.fixture
def things(owner: User) -> Things:
    one = claimed(owner, "a first question")
    write(one.lease, ("delta", {"text": "an answer"}))
    turns.finish(one.lease, Ending(status=Turn.Status.COMPLETED))
    conversation = Conversation.objects.get(pk=one.turn.conversation_id)
    waiting = queued(owner, "a second", conversation=conversation).turn
    return Things(conversation=conversation, question=one.turn.question, turn=one.turn, waiting=waiting)


@pytest.fixture
def held(owner: User) -> Turn:
    """A turn of the owner's whose first call is built and announced, and which its rate pool holds back."""
    return held_back(owner, "a third")


Call = Callable[[Client, Things], Any]


def read(path: str) -> Call:
    return lambda client, things: client.get(API + path.format(**vars(things)))


def write_to(path: str, body: dict[str, Any] | None = None, *, method: str = "post") -> Call:
    def call(client: Client, things: Things) -> Any:
        send = getattr(client, method)
        return send(API + path.format(**vars(things)), body or {}, content_type="application/json")

    return call


SAID = {"client_message_id": "k", "text": "x"}
READS: dict[str, Call] = {
    "conversation": read("/conversations/{conversation.pk}"),
    "messages": read("/conversations/{conversation.pk}/messages"),
    "turn": read("/turns/{turn.pk}"),
    "events": read("/turns/{turn.pk}/events"),
    "receipts": read("/turns/{turn.pk}/receipts"),
}
WRITES: dict[str, tuple[Call, int]] = {
    "change": (write_to("/conversations/{conversation.pk}", {"title": "New"}, method="patch"), 200),
    "send": (write_to("/conversations/{conversation.pk}/messages", SAID), 202),
    "edit": (write_to("/messages/{question.pk}/edit", SAID), 202),
    "regenerate": (write_to("/messages/{question.pk}/regenerate", {"client_message_id": "k"}), 202),
    "stop": (write_to("/turns/{waiting.pk}/stop"), 202),
    "delete": (write_to("/conversations/{conversation.pk}", method="delete"), 204),
}


def error_of(answer: Any) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"code", "message", "params", "retryable", "retry_at", "ref"}
    return error


def snapshot() -> list[Any]:
    """Everything that a refused call must leave alone."""
    return [
        sorted(Conversation.objects.values_list("pk", "title")),
        sorted(Turn.objects.values_list("pk", "status", "shorter_requested_at")),
        Message.objects.count(),
        TurnEvent.objects.count(),
    ]


class TestWhoMay:
    @pytest.mark.parametrize("call", READS.values(), ids=READS)
    def test_read(
        self,
        things: Things,
        call: Call,
        *,
        owner_client: Client,
        member_client: Client,
        staff_client: Client,
        client: Client,
    ) -> None:
        assert call(owner_client, things).status_code == 200
        for stranger in (member_client, staff_client):
            answer = call(stranger, things)
            assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")
        answer = call(client, things)
        assert (answer.status_code, error_of(answer)["code"]) == (401, "unauthenticated")

    @pytest.mark.parametrize(("call", "status"), WRITES.values(), ids=WRITES)
    def test_write(
        self,
        things: Things,
        call: Call,
        status: int,
        *,
        owner_client: Client,
        member_client: Client,
        staff_client: Client,
        client: Client,
    ) -> None:
        before = snapshot()
        for stranger in (member_client, staff_client):
            answer = call(stranger, things)
            assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")
        assert call(client, things).status_code == 401
        assert snapshot() == before
        assert call(owner_client, things).status_code == status
        assert snapshot() != before

    @pytest.mark.parametrize(("call", "status"), WRITES.values(), ids=WRITES)
    def test_write_with_a_token(
        self, things: Things, call: Call, status: int, *, owner: User, member: User, token_for: TokenFor
    ) -> None:
        before = snapshot()
        reading = Client(headers={"Authorization": token_for(owner, "read")})
        answer = call(reading, things)
        assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")
        stranger = Client(headers={"Authorization": token_for(member, "read")})
        assert call(stranger, things).status_code == 404
        assert snapshot() == before
        assert call(Client(headers={"Authorization": token_for(owner)}), things).status_code == status

    def test_a_browser_needs_its_csrf_token(self, owner: User, things: Things) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
        for call, _ in WRITES.values():
            answer = call(browser, things)
            assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")

    def test_lists_hold_ones_own_things_only(
        self, things: Things, *, owner_client: Client, member_client: Client, staff_client: Client, client: Client
    ) -> None:
        assert len(owner_client.get(f"{API}/conversations").json()["items"]) == 1
        for stranger in (member_client, staff_client):
            assert stranger.get(f"{API}/conversations").json() == {"items": [], "next_cursor": None}
        assert client.get(f"{API}/conversations").status_code == 401

    @pytest.mark.parametrize(
        "path",
        [
            "/conversations/{id}",
            "/conversations/{id}/messages",
            "/turns/{id}",
            "/turns/{id}/events",
            "/turns/{id}/receipts",
            "/conversations/not-a-uuid",
            "/turns/1",
        ],
    )
    def test_what_does_not_exist_is_not_found(self, owner_client: Client, path: str) -> None:
        answer = owner_client.get(API + path.format(id=uuid4()))
        assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


class TestConversations:
    def make(self, client: Client, body: dict[str, Any]) -> Any:
        return client.post(f"{API}/conversations", body, content_type="application/json")

    def test_are_made_with_defaults(self, owner_client: Client) -> None:
        answer = self.make(owner_client, {})
        assert answer.status_code == 201
        made = answer.json()
        assert {name: made[name] for name in ("title", "agent", "provider", "model", "archived", "pinned")} == {
            "title": "",
            "agent": "smart",
            "provider": None,
            "model": None,
            "archived": False,
            "pinned": False,
        }
        assert made["running"] is False
        assert MOMENT.fullmatch(made["created_at"])
        assert MOMENT.fullmatch(made["last_activity_at"])
        assert owner_client.get(f"{API}/conversations/{made['id']}").json() == made

    def test_are_made_as_asked(self, owner: User, owner_client: Client) -> None:
        conversation_of(owner)  # Brings the shipped models with it.
        body = {"title": " A  name ", "agent": "api-correlator", "provider": "sandbox", "model": "sandbox-gpt"}
        made = self.make(owner_client, body).json()
        assert {name: made[name] for name in body} == body | {"title": "A name"}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"title": "x" * 201}, "title"),
            ({"title": " "}, "title"),
            ({"title": "a\0b"}, "title"),
            ({"title": 5}, "title"),
            ({"agent": "nobody"}, "agent"),
            ({"provider": "sandbox"}, "model"),
            ({"model": "sandbox-gpt"}, "model"),
            ({"owner": str(uuid4())}, "owner"),
            ({"archived": True}, "archived"),
            ({"id": str(uuid4())}, "id"),
        ],
    )
    def test_a_bad_field_is_named_and_nothing_is_made(
        self, owner: User, owner_client: Client, body: dict[str, Any], field: str
    ) -> None:
        answer = self.make(owner_client, body)
        error = error_of(answer)
        assert (answer.status_code, error["code"]) == (422, "invalid_request")
        assert list(error["params"]["fields"]) == [field]
        assert not owner.conversations.exists()

    def test_an_unknown_model_is_not_found(self, owner_client: Client) -> None:
        assert self.make(owner_client, {"provider": "sandbox", "model": "none"}).status_code == 404

    def test_change_what_is_named_and_nothing_else(self, things: Things, owner_client: Client) -> None:
        path = f"{API}/conversations/{things.conversation.pk}"
        before = owner_client.get(path).json()
        for change in (
            {"title": "Renamed"},
            {"archived": True},
            {"pinned": True},
            {"agent": "datadog-champion"},
            {"provider": "sandbox", "model": "sandbox-gpt"},
            {"archived": False, "pinned": False},
        ):
            after = owner_client.patch(path, change, content_type="application/json").json()
            assert after == before | change
            before = after

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"title": ""}, "title"),
            ({"agent": "nobody"}, "agent"),
            ({"provider": "sandbox"}, "model"),
            ({"model": "sandbox-gpt"}, "model"),
            ({"owner": 1}, "owner"),
            ({"archived": "perhaps"}, "archived"),
        ],
    )
    def test_a_bad_change_changes_nothing(
        self, things: Things, owner_client: Client, body: dict[str, Any], field: str
    ) -> None:
        path = f"{API}/conversations/{things.conversation.pk}"
        before = owner_client.get(path).json()
        answer = owner_client.patch(path, {"pinned": True} | body, content_type="application/json")
        assert (answer.status_code, list(error_of(answer)["params"]["fields"])) == (422, [field])
        assert owner_client.get(path).json() == before

    def test_a_deleted_one_is_gone_with_everything_in_it(self, things: Things, owner_client: Client) -> None:
        path = f"{API}/conversations/{things.conversation.pk}"
        assert owner_client.delete(path).status_code == 204
        assert owner_client.get(path).status_code == 404
        assert owner_client.delete(path).status_code == 404
        assert not Message.objects.exists()
        assert not Turn.objects.exists()
        assert not TurnEvent.objects.exists()


class TestPaging:
    def pages(self, client: Client, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        found, cursor = [], None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = client.get(API + path, query | more).json()
            found.append(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def test_of_conversations_newest_first(self, owner: User, owner_client: Client) -> None:
        made = [str(conversation_of(owner).pk) for _ in range(7)]
        pages = self.pages(owner_client, "/conversations", limit=3)
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [item["id"] for page in pages for item in page] == made[::-1]

    def test_of_conversations_of_one_moment_loses_none(self, owner: User, owner_client: Client) -> None:
        made = {str(conversation_of(owner).pk) for _ in range(7)}
        Conversation.objects.update(last_activity_at=Conversation.objects.latest("created_at").created_at)
        pages = self.pages(owner_client, "/conversations", limit=2)
        assert [len(page) for page in pages] == [2, 2, 2, 1]
        assert {item["id"] for page in pages for item in page} == made

    def test_archived_ones_are_a_list_of_their_own(self, owner: User, owner_client: Client) -> None:
        archived, open_one = conversation_of(owner), conversation_of(owner)
        Conversation.objects.filter(pk=archived.pk).update(archived=True)

        def ids(**query: Any) -> list[str]:
            return [item["id"] for item in owner_client.get(f"{API}/conversations", query).json()["items"]]

        assert ids() == [str(open_one.pk)]
        assert ids(archived="true") == [str(archived.pk)]

    def test_of_messages_oldest_first(self, owner: User, owner_client: Client) -> None:
        conversation = a_long_conversation(owner, 11)
        pages = self.pages(owner_client, f"/conversations/{conversation.pk}/messages", limit=4)
        assert [len(page) for page in pages] == [4, 4, 3]
        assert [item["text"] for page in pages for item in page] == [f"message {n}" for n in range(11)]

    def test_of_messages_before_a_place(self, owner: User, owner_client: Client) -> None:
        conversation = a_long_conversation(owner, 7)
        path, texts, cursor = f"{API}/conversations/{conversation.pk}/messages", list[str](), "before:999999999"
        while cursor:
            page = owner_client.get(path, {"cursor": cursor, "limit": "3"}).json()
            texts = [item["text"] for item in page["items"]] + texts
            cursor = page["next_cursor"]
        assert texts == [f"message {n}" for n in range(7)]

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": 0},
            {"limit": 201},
            {"limit": "many"},
            {"cursor": "x"},
            {"cursor": "after:"},
            {"cursor": "after:-1"},
            {"cursor": "after:²"},
            {"cursor": "before:99999999999999999999"},
            {"cursor": "2026-11-22T00:00:00Z"},
            {"cursor": f"0001-01-01T00:00:00+23:59_{uuid4()}"},
            {"cursor": f"9999-12-31T23:59:59-23:59_{uuid4()}"},
            {"cursor": "x" * 300},
        ],
    )
    @pytest.mark.parametrize("path", ["/conversations", "/conversations/{conversation.pk}/messages"])
    def test_a_bad_query_is_named(self, things: Things, owner_client: Client, path: str, query: dict[str, Any]) -> None:
        answer = owner_client.get(API + path.format(**vars(things)), query)
        assert (answer.status_code, error_of(answer)["code"]) == (422, "invalid_request")
        assert list(error_of(answer)["params"]["fields"]) == list(query)


def a_long_conversation(user: User, messages: int) -> Conversation:
    conversation = conversation_of(user)
    parent = None
    branch = conversation.branches.create()
    for n in range(messages):
        parent = Message.objects.create(
            conversation=conversation,
            branch=branch,
            position=n,
            parent=parent,
            role="assistant" if n % 2 else "user",
            parts=[{"kind": "text", "text": f"message {n}"}],
        )
    conversation.active_branch = branch
    conversation.save()
    return conversation


class TestMessages:
    def test_tell_everything_about_themselves(self, owner: User, owner_client: Client) -> None:
        conversation = a_long_conversation(owner, 2)
        items = owner_client.get(f"{API}/conversations/{conversation.pk}/messages").json()["items"]
        answer = items[1]
        assert MOMENT.fullmatch(answer.pop("created_at"))
        assert answer == {
            "id": answer["id"],
            "role": "assistant",
            "parent": items[0]["id"],
            "turn": None,
            "text": "message 1",
            "parts": [{"kind": "text", "text": "message 1"}],
            "siblings": {"index": 1, "count": 1, "ids": [answer["id"]]},
            "usage": None,
        }

    def test_of_an_empty_conversation_are_none(self, owner: User, owner_client: Client) -> None:
        conversation = conversation_of(owner)
        answer = owner_client.get(f"{API}/conversations/{conversation.pk}/messages")
        assert answer.json() == {"items": [], "next_cursor": None}

    def test_along_a_leaf_that_is_somewhere_else_are_not_found(
        self, owner: User, things: Things, owner_client: Client
    ) -> None:
        elsewhere = a_long_conversation(owner, 1)
        path = f"{API}/conversations/{elsewhere.pk}/messages"
        for leaf in (things.question.pk, uuid4()):
            assert owner_client.get(path, {"leaf": str(leaf)}).status_code == 404
        assert owner_client.get(path, {"leaf": "x"}).status_code == 422

    @pytest.mark.parametrize("path", ["/conversations/{conversation.pk}/messages", "/messages/{question.pk}/edit"])
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"client_message_id": "k"}, 422, "invalid_request"),
            ({"text": "x"}, 422, "invalid_request"),
            ({"client_message_id": "", "text": "x"}, 422, "invalid_request"),
            ({"client_message_id": "k" * 65, "text": "x"}, 422, "invalid_request"),
            ({"client_message_id": "k", "text": "  "}, 422, "invalid_request"),
            ({"client_message_id": "k", "text": "a\0b"}, 422, "invalid_request"),
            ({"client_message_id": "k", "text": "x", "role": "assistant"}, 422, "invalid_request"),
            ({"client_message_id": "k", "text": "x" * 400_001}, 413, "message_too_long"),
            ({"client_message_id": "k", "text": "word " * 70_000}, 422, "context_impossible"),
        ],
    )
    def test_that_cannot_be_kept_are_refused(
        self, things: Things, owner_client: Client, *, path: str, body: dict[str, Any], status: int, code: str
    ) -> None:
        before = snapshot()
        answer = owner_client.post(API + path.format(**vars(things)), body, content_type="application/json")
        assert (answer.status_code, error_of(answer)["code"]) == (status, code)
        assert snapshot() == before

    def test_sent_twice_are_kept_once(self, things: Things, owner_client: Client) -> None:
        path = f"{API}/conversations/{things.conversation.pk}/messages"

        def send(text: str) -> Any:
            return owner_client.post(path, {"client_message_id": "k", "text": text}, content_type="application/json")

        first, again, other = send("x"), send("x"), send("y")
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json()["duplicate"] is False
        assert again.json() == first.json() | {"duplicate": True}
        assert (other.status_code, error_of(other)["code"]) == (409, "idempotency_conflict")

    def test_are_refused_when_the_queue_is_full(self, things: Things, owner: User, owner_client: Client) -> None:
        for _ in range(20):
            queued(owner, conversation=things.conversation)
        path = f"{API}/conversations/{things.conversation.pk}/messages"
        answer = owner_client.post(path, SAID, content_type="application/json")
        assert (answer.status_code, error_of(answer)["code"]) == (409, "queue_full")
        assert error_of(answer)["retryable"] is True

    def test_with_a_stale_parent_are_refused(self, things: Things, owner_client: Client) -> None:
        path = f"{API}/conversations/{things.conversation.pk}/messages"
        body = SAID | {"parent": str(things.question.pk)}
        answer = owner_client.post(path, body, content_type="application/json")
        assert (answer.status_code, error_of(answer)["code"]) == (409, "stale_parent")


class TestTurns:
    def test_tell_their_state(self, things: Things, owner_client: Client) -> None:
        turn = owner_client.get(f"{API}/turns/{things.turn.pk}").json()
        moments = [turn.pop(name) for name in ("created_at", "started_at", "ended_at")]
        assert all(MOMENT.fullmatch(moment) for moment in moments)
        assert turn == {
            "id": str(things.turn.pk),
            "conversation": str(things.conversation.pk),
            "question": str(things.question.pk),
            "status": "completed",
            "reason": None,
            "error": None,
            "agent": "smart",
            "provider": "sandbox",
            "model": "sandbox-claude",
            "settings": {},
            "usage": {},
            "seq": 3,
        }

    def test_that_have_ended_cannot_be_stopped(self, things: Things, owner_client: Client) -> None:
        answer = owner_client.post(f"{API}/turns/{things.turn.pk}/stop", content_type="application/json")
        assert (answer.status_code, error_of(answer)["code"]) == (409, "turn_not_running")

    def test_that_wait_end_at_once_when_they_are_stopped(self, things: Things, owner_client: Client) -> None:
        answer = owner_client.post(f"{API}/turns/{things.waiting.pk}/stop", content_type="application/json")
        assert (answer.status_code, answer.json()["status"]) == (202, "stopped")

    def test_that_are_held_back_are_the_owners_to_see_and_to_shorten(
        self, held: Turn, *, owner_client: Client, member_client: Client, staff_client: Client, client: Client
    ) -> None:
        shorter, shorten = f"{API}/turns/{held.pk}/shorter", f"{API}/turns/{held.pk}/shorten"
        before = snapshot()
        for stranger, status in ((member_client, 404), (staff_client, 404), (client, 401)):
            assert stranger.get(shorter).status_code == status
            assert stranger.post(shorten, content_type="application/json").status_code == status
        assert owner_client.get(shorter).status_code == 200
        assert snapshot() == before
        answer = owner_client.post(shorten, content_type="application/json")
        assert (answer.status_code, answer.json()["status"]) == (202, "waiting")
        assert snapshot() != before

    def test_that_are_held_back_are_not_shortened_with_a_token_that_may_only_read(
        self, held: Turn, client: Client, token_for: TokenFor, owner: User
    ) -> None:
        headers = {"Authorization": token_for(owner, "read")}
        assert client.get(f"{API}/turns/{held.pk}/shorter", headers=headers).status_code == 200
        answer = client.post(f"{API}/turns/{held.pk}/shorten", content_type="application/json", headers=headers)
        assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")

    def test_that_do_not_wait_for_a_rate_limit_are_not_sent_shorter(self, things: Things, owner_client: Client) -> None:
        for turn, code in ((things.turn, "turn_not_running"), (things.waiting, "turn_not_waiting")):
            asked = owner_client.get(f"{API}/turns/{turn.pk}/shorter")
            wished = owner_client.post(f"{API}/turns/{turn.pk}/shorten", content_type="application/json")
            for answer in (asked, wished):
                assert (answer.status_code, error_of(answer)["code"]) == (409, code)

    def test_that_are_held_back_are_not_looked_at_as_fast_as_a_program_can(
        self, held: Turn, owner_client: Client, member_client: Client
    ) -> None:
        path = f"{API}/turns/{held.pk}/shorter"
        assert {owner_client.get(path).status_code for _ in range(30)} == {200}
        answer = owner_client.get(path)
        error = error_of(answer)
        assert (answer.status_code, error["code"], error["retryable"]) == (429, "quota_exceeded", True)
        assert error["retry_at"] is not None
        assert member_client.get(path).status_code == 404, "each person is counted alone"

    def test_that_carry_one_question_alone_have_nothing_to_leave_out(self, held: Turn, owner_client: Client) -> None:
        told = owner_client.get(f"{API}/turns/{held.pk}/shorter").json()
        tokens = told["tokens"]
        assert told == {"tokens": tokens, "shorter_tokens": tokens, "left_out": 0, "sooner_seconds": None}

    def test_whose_model_was_removed_meanwhile_say_so(self, held: Turn, owner_client: Client) -> None:
        Turn.objects.filter(pk=held.pk).update(model=None)
        answer = owner_client.get(f"{API}/turns/{held.pk}/shorter")
        assert (answer.status_code, error_of(answer)["code"]) == (409, "turn_not_waiting")

    def test_give_their_events_in_pages(self, things: Things, owner_client: Client) -> None:
        path = f"{API}/turns/{things.turn.pk}/events"
        events = owner_client.get(path).json()
        assert [(event["seq"], event["type"]) for event in events["items"]] == [
            (1, "turn.queued"),
            (2, "delta"),
            (3, "turn.ended"),
        ]
        assert events["next_cursor"] is None
        assert owner_client.get(path, {"after": 1}).json()["items"] == events["items"][1:]
        assert owner_client.get(path, {"after": 3}).json()["items"] == []
        assert owner_client.get(path, headers={"Last-Event-ID": "2"}).json()["items"] == events["items"][2:]
        for query in ({"after": -1}, {"after": "x"}, {"cursor": "x"}, {"after": 2**40}):
            assert owner_client.get(path, query).status_code == 422
        assert owner_client.get(path, headers={"Last-Event-ID": "x"}).status_code == 422

    def test_give_many_events_page_by_page(self, owner: User, owner_client: Client) -> None:
        one = claimed(owner)
        write(one.lease, *[("delta", {"text": str(n)}) for n in range(1_200)])
        path, seqs, cursor = f"{API}/turns/{one.turn.pk}/events", list[int](), None
        while True:
            page = owner_client.get(path, {"cursor": cursor} if cursor else {}).json()
            seqs += [event["seq"] for event in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seqs == list(range(1, 1_202))
