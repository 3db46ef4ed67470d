"""REST over a real server: the same turns as over the socket, and their events as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
import pytest_asyncio

from accounts.models import User
from chat.models import Turn
from tests.chat.stage import PATIENCE, Person, Stage, rows
from tests.chat.tab import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def api(stage: Stage, ann: Person) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(stage, ann) as client:
        yield client


def client_of(stage: Stage, person: Person) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"http://{stage.address}/api/v1",
        headers={"Authorization": f"Bearer {person.token}"},
        timeout=PATIENCE,
        trust_env=False,
    )


async def send(api: httpx2.AsyncClient, conversation: object, text: str) -> str:
    """The turn's id."""
    body = {"client_message_id": uuid4().hex, "text": text}
    answer = await api.post(f"/conversations/{conversation}/messages", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["turn"])


async def ended(api: httpx2.AsyncClient, turn: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            found: dict[str, Any] = (await api.get(f"/turns/{turn}")).json()
            if found["status"] in Turn.ENDED:
                return found
            await asyncio.sleep(0.01)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One server-sent event."""

    id: int
    type: str
    data: dict[str, Any]


async def listen(
    api: httpx2.AsyncClient,
    turn: str,
    *,
    after: str = "",
    most: int | None = None,
    begun: asyncio.Event | None = None,
) -> list[Heard]:
    """The events of a stream, to its end or the first `most` of them. `begun` is set at the first."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    found: list[Heard] = []
    async with asyncio.timeout(PATIENCE), api.stream("GET", f"/turns/{turn}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if fields:
                data = orjson.loads(fields["data"])
                found.append(Heard(id=int(fields["id"]), type=fields["event"], data=data))
                fields = {}
                if begun is not None:
                    begun.set()
            if most is not None and len(found) >= most:
                break
    return found


async def test_what_is_sent_here_is_seen_on_the_socket(api: httpx2.AsyncClient, stage: Stage, ann: Person) -> None:
    made = (await api.post("/conversations", json={"provider": "sandbox", "model": "sandbox-gpt"})).json()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=made["id"], cursors={})
        turn = await send(api, made["id"], "loop 1 long 30")
        await tab.ended(turn)
        events = (await api.get(f"/turns/{turn}/events")).json()["items"]
        assert events == tab.of_turn(turn)
    state = await ended(api, turn)
    assert (state["status"], state["provider"], state["model"]) == ("completed", "sandbox", "sandbox-gpt")
    assert state["usage"]["output_tokens"] > 0
    items = (await api.get(f"/conversations/{made['id']}/messages")).json()["items"]
    assert [item["role"] for item in items] == ["user", "assistant", "tool", "assistant"]
    assert items[1]["text"] + items[3]["text"] == tab.text_of(turn)
    assert items[3]["usage"]["output_tokens"] > 0
    assert (await api.get(f"/conversations/{made['id']}")).json()["running"] is False


async def test_receipts_tell_what_each_call_carried(api: httpx2.AsyncClient, ann: Person) -> None:
    conversation = await ann.conversation()
    turn = await send(api, conversation.pk, "loop 2")
    await ended(api, turn)
    receipts = (await api.get(f"/turns/{turn}/receipts")).json()["items"]
    assert [receipt["n"] for receipt in receipts] == [1, 2, 3]
    for receipt in receipts:
        parts = ("instructions", "tools", "overhead", "conversation")
        assert sum(receipt[part] for part in parts) == receipt["total"] <= receipt["limit"]
        assert receipt["total"] == receipt["instructions"] + receipt["tools"] + receipt["overhead"] + sum(
            entry["tokens"] for entry in receipt["entries"]
        )
        assert receipt["reported"]["input_tokens"] == pytest.approx(receipt["total"], rel=0.03)


class TestServerSentEvents:
    async def test_of_a_running_turn_follow_it_to_its_end(self, api: httpx2.AsyncClient, ann: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "slow loop 1 long 30")
        heard = await listen(api, turn)
        assert [one.id for one in heard] == list(range(1, len(heard) + 1))
        assert all((one.data["seq"], one.data["type"]) == (one.id, one.type) for one in heard)
        assert heard[-1].type == "turn.ended"
        assert [one.data for one in heard] == (await api.get(f"/turns/{turn}/events")).json()["items"]

    async def test_go_on_after_the_last_that_was_heard(self, api: httpx2.AsyncClient, ann: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "slow loop 1 long 40")
        heard: list[Heard] = []
        while not heard or heard[-1].type != "turn.ended":
            heard += await listen(api, turn, after=str(heard[-1].id) if heard else "", most=3)
        assert [one.id for one in heard] == list(range(1, len(heard) + 1))

    async def test_of_an_ended_turn_are_its_whole_log(self, api: httpx2.AsyncClient, ann: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "echo x")
        seq = (await ended(api, turn))["seq"]
        assert len(await listen(api, turn)) == seq
        assert [one.id for one in await listen(api, turn, after=str(seq - 1))] == [seq]
        assert await listen(api, turn, after=str(seq)) == []

    async def test_end_when_the_reader_is_let_in_no_more(self, api: httpx2.AsyncClient, ann: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "slow long 2000")
        begun = asyncio.Event()
        listening = asyncio.create_task(listen(api, turn, begun=begun))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        await rows(User.objects.filter(pk=ann.user.pk).update, is_active=False)
        heard = await listening  # The time-out of `listen` is what would fail it.
        assert [one.type for one in heard][-1] != "turn.ended"

    async def test_end_when_the_conversation_is_deleted(self, api: httpx2.AsyncClient, ann: Person) -> None:
        conversation = await ann.conversation()
        turn = await send(api, conversation.pk, "slow long 3000")
        begun = asyncio.Event()
        listening = asyncio.create_task(listen(api, turn, begun=begun))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        assert (await api.delete(f"/conversations/{conversation.pk}")).status_code == 204
        assert (await listening)[-1].type != "turn.ended"

    async def test_hold_nobody_up_who_goes_away(self, api: httpx2.AsyncClient, stage: Stage, ann: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "slow long 3000")
        for _ in range(5):
            assert len(await listen(api, turn, most=4)) == 4
        assert (await api.post(f"/turns/{turn}/stop")).status_code == 202
        assert (await ended(api, turn))["status"] == "stopped"

    async def test_are_the_owners_alone(self, api: httpx2.AsyncClient, stage: Stage, ann: Person, bob: Person) -> None:
        turn = await send(api, (await ann.conversation()).pk, "echo x")
        headers = {"Accept": "text/event-stream"}
        async with client_of(stage, bob) as stranger:
            assert (await stranger.get(f"/turns/{turn}/events", headers=headers)).status_code == 404
        anonymous = {**headers, "Authorization": "Bearer tp_none"}
        assert (await api.get(f"/turns/{turn}/events", headers=anonymous)).status_code == 401


async def test_twenty_equal_sends_at_once_are_one(api: httpx2.AsyncClient, ann: Person) -> None:
    conversation = await ann.conversation()
    body = {"client_message_id": "same", "text": "echo once over REST"}
    path = f"/conversations/{conversation.pk}/messages"
    answers = await asyncio.gather(*(api.post(path, json=body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["turn"] for answer in answers}) == 1
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 19
    assert await rows(Turn.objects.filter(conversation=conversation).count) == 1


async def test_a_running_conversation_says_so_and_can_be_stopped(api: httpx2.AsyncClient, ann: Person) -> None:
    conversation = await ann.conversation()
    turn = await send(api, conversation.pk, "slow long 3000")
    await listen(api, turn, most=5)
    assert (await api.get(f"/conversations/{conversation.pk}")).json()["running"] is True
    assert [item["running"] for item in (await api.get("/conversations")).json()["items"]] == [True]
    assert (await api.post(f"/turns/{turn}/stop")).status_code == 202
    assert (await ended(api, turn))["status"] == "stopped"
    again = await api.post(f"/turns/{turn}/stop")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "turn_not_running")


async def test_a_deactivated_user_is_let_in_no_more(api: httpx2.AsyncClient, ann: Person) -> None:
    await rows(User.objects.filter(pk=ann.user.pk).update, is_active=False)
    assert (await api.get("/conversations")).status_code == 401
