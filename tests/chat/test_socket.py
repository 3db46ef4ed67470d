"""Subscribe, send, watch: what a tab sees of turns, over a real socket."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agents.models import ModelCall
from chat import conversations
from chat.models import Message, Turn
from tests.chat.stage import Person, Stage, rows
from tests.chat.tab import is_gapless, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPES_OF_A_PLAIN_ANSWER = [
    "turn.queued",
    "turn.started",
    "iteration.started",
    "context.built",
    "delta",
    "usage",
    "turn.ended",
]


async def test_hello_tells_who_is_here_and_what_the_limits_are(stage: Stage, ann: Person) -> None:
    async with opened(stage, ann) as tab:
        hello = tab.frames[0]
    assert set(hello) == {"type", "server_time", "user", "limits"}
    assert hello["type"] == "hello"
    assert hello["user"] == {"id": str(ann.user.pk), "username": ann.user.username}
    published = {
        "frame_bytes": 4 * 1024 * 1024,
        "message_characters": 400_000,
        "sockets_per_user": 20,
        "frames_per_second": 20,
        "frame_burst": 40,
        "queued_turns": 20,
    }
    assert published.items() <= hello["limits"].items()


async def test_ping_is_answered_with_the_server_time(stage: Stage, ann: Person) -> None:
    async with opened(stage, ann) as tab:
        pong = await tab.ask("ping")
    assert set(pong) == {"type", "id", "server_time"}
    assert pong["type"] == "pong"


async def test_every_field_of_an_ack_and_of_an_error_is_always_there(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        ack = await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        error = await tab.ask("stop", turn=str(uuid4()))
    assert ack == {
        "type": "ack",
        "id": ack["id"],
        "conversation": str(conversation.pk),
        "turn": None,
        "message": None,
        "duplicate": None,
    }
    assert set(error) == {"type", "id", "code", "message", "params", "retryable", "retry_at", "ref"}


async def test_a_send_becomes_gapless_events_that_tell_the_whole_turn(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "echo one two three", key="1")
        ended = await tab.ended(ack["turn"])
    events = tab.of_turn(ack["turn"])
    assert is_gapless(events)
    assert list(dict.fromkeys(event["type"] for event in events)) == TYPES_OF_A_PLAIN_ANSWER
    assert {event["conversation"] for event in events} == {str(conversation.pk)}
    assert tab.text_of(ack["turn"]) == "one two three"
    assert (ended["status"], ended["reason"], ended["finish_reason"]) == ("completed", None, "stop")
    assert ended["usage"]["output_tokens"] > 0
    assert ended["message"] == events[2]["message"]
    answer = await rows(Message.objects.get, pk=ended["message"])
    assert answer.parts == [{"kind": "text", "text": "one two three"}]


async def test_a_turn_with_tools_tells_every_call_and_every_result(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation(model="sandbox-gpt")
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await tab.send(conversation.pk, "loop 2 parallel 3", key="1")
        await tab.ended(ack["turn"])
    events = tab.of_turn(ack["turn"])
    assert is_gapless(events)
    calls = [event["id"] for event in events if event["type"] == "tool.call"]
    results = [event for event in events if event["type"] == "tool.result"]
    assert len(calls) == 6
    assert sorted(calls) == sorted(result["id"] for result in results)
    assert all(result["tokens"] > 0 and result["preview"] for result in results)
    assert [event["n"] for event in events if event["type"] == "iteration.started"] == [1, 2, 3]


async def test_the_ack_of_subscribe_comes_before_its_replay(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as first:
        ack = await first.send(conversation.pk, "slow long 3000", key="1")
        async with opened(stage, ann) as second:
            id = await second.say("subscribe", conversation=str(conversation.pk), cursors={})
            await second.seen(ack["turn"], "delta")
            kinds = [(frame["type"], frame.get("id")) for frame in second.frames if frame["type"] != "feed"]
        await first.ok("stop", turn=ack["turn"])
    assert kinds[:3] == [("hello", None), ("ack", id), ("turn.queued", None)]


async def test_a_send_does_not_subscribe(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as watching, opened(stage, ann) as sending:
        await watching.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await sending.send(conversation.pk, "echo x", key="1")
        await watching.ended(ack["turn"])
        await sending.ok("ping")
    assert sending.of_turn(ack["turn"]) == []


async def test_unsubscribe_ends_the_events(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as leaving, opened(stage, ann) as staying:
        for tab in (leaving, staying):
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await staying.send(conversation.pk, "slow long 3000", key="1")
        await leaving.seen(ack["turn"], "delta")
        await leaving.ok("unsubscribe", conversation=str(conversation.pk))
        heard = len(leaving.of_turn(ack["turn"]))
        await staying.ok("stop", turn=ack["turn"])
        await staying.ended(ack["turn"])
        await leaving.ok("ping")
        assert len(leaving.of_turn(ack["turn"])) == heard


async def test_several_tabs_see_the_same_events(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as one, opened(stage, ann) as two, opened(stage, ann) as three:
        for tab in (one, two, three):
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        ack = await one.send(conversation.pk, "loop 2 long 200", key="1")
        for tab in (one, two, three):
            await tab.ended(ack["turn"])
    assert is_gapless(one.of_turn(ack["turn"]))
    assert one.of_turn(ack["turn"]) == two.of_turn(ack["turn"]) == three.of_turn(ack["turn"])


async def test_two_conversations_on_one_socket_do_not_mix(stage: Stage, ann: Person) -> None:
    here, there = await ann.conversation(), await ann.conversation()
    async with opened(stage, ann) as tab:
        for conversation in (here, there):
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        one = await tab.send(here.pk, "echo here", key="1")
        two = await tab.send(there.pk, "echo there", key="2")
        await tab.ended(one["turn"])
        await tab.ended(two["turn"])
    assert (tab.text_of(one["turn"]), tab.text_of(two["turn"])) == ("here", "there")
    assert {event["conversation"] for event in tab.of_turn(one["turn"])} == {str(here.pk)}


async def test_twenty_equal_sends_at_once_are_one(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as one, opened(stage, ann) as two:
        await one.ok("subscribe", conversation=str(conversation.pk), cursors={})
        acks = await asyncio.gather(
            *(tab.send(conversation.pk, "echo just one", key="same") for tab in (one, two) * 10)
        )
        await one.ended(acks[0]["turn"])
    assert len({(ack["turn"], ack["message"]) for ack in acks}) == 1
    assert sorted(ack["duplicate"] for ack in acks) == [False] + [True] * 19
    assert await rows(Message.objects.filter(conversation=conversation, role="user").count) == 1
    assert await rows(Turn.objects.filter(conversation=conversation).count) == 1
    assert await rows(ModelCall.objects.filter(user=ann.user).count) == 1
    assert len(stage.sandbox.requests_with("just one")) == 1


async def test_a_repeat_is_the_same_answer_long_after_and_another_body_a_conflict(stage: Stage, ann: Person) -> None:
    conversation, other = await ann.conversation(), await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        first = await tab.send(conversation.pk, "echo x", key="k")
        await tab.ended(first["turn"])
        again = await tab.send(conversation.pk, "echo x", key="k")
        assert again | {"id": "", "duplicate": False} == first | {"id": ""}
        assert again["duplicate"] is True
        sent = {"client_message_id": "k"}
        assert await tab.refused("send", conversation=str(conversation.pk), text="echo y", **sent) == (
            "idempotency_conflict"
        )
        assert await tab.refused("send", conversation=str(other.pk), text="echo x", **sent) == "idempotency_conflict"
    assert await rows(Turn.objects.filter(conversation__in=[conversation, other]).count) == 1


async def test_an_id_is_unique_to_its_user_only(stage: Stage, ann: Person, bob: Person) -> None:
    hers, his = await ann.conversation(), await bob.conversation()
    async with opened(stage, ann) as one, opened(stage, bob) as two:
        assert (await one.send(hers.pk, "echo x", key="k"))["duplicate"] is False
        assert (await two.send(his.pk, "echo y", key="k"))["duplicate"] is False


async def test_a_disconnect_never_stops_a_turn(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    release = stage.sandbox.hold("held while nobody looks")
    async with opened(stage, ann) as tab:
        ack = await tab.send(conversation.pk, "echo held while nobody looks", key="1")
    release.set()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={ack["turn"]: 0})
        assert (await tab.ended(ack["turn"]))["status"] == "completed"
        assert tab.text_of(ack["turn"]) == "held while nobody looks"


async def test_a_parent_that_is_no_longer_the_newest_message_is_stale(stage: Stage, ann: Person) -> None:
    conversation = await ann.conversation()
    async with opened(stage, ann) as tab:
        await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
        first = await tab.send(conversation.pk, "echo one", key="1")
        ended = await tab.ended(first["turn"])
        second = await tab.send(conversation.pk, "echo two", key="2", parent=ended["message"])
        await tab.ended(second["turn"])
        late = {"conversation": str(conversation.pk), "client_message_id": "3", "text": "echo three"}
        assert await tab.refused("send", **late, parent=ended["message"]) == "stale_parent"
        assert await tab.refused("send", **late, parent=str(uuid4())) == "not_found"
        # Nothing was kept, so the same id may be used again.
        third = await tab.send(conversation.pk, "echo three", key="3")
        assert third["duplicate"] is False
        await tab.ended(third["turn"])


async def test_the_feed_tells_what_becomes_of_ones_conversations(stage: Stage, ann: Person, bob: Person) -> None:
    async with opened(stage, ann) as tab, opened(stage, bob) as stranger:

        def kinds() -> list[str]:
            return [frame["kind"] for frame in tab.frames if frame["type"] == "feed"]

        conversation = await ann.conversation()
        ack = await tab.send(conversation.pk, "echo a first message", key="1")
        await tab.until(lambda: "turn_ended" in kinds())
        await rows(conversations.rename, ann.user, conversation.pk, "Another name")
        await rows(conversations.change, ann.user, conversation.pk, {"archived": True})
        await rows(conversations.delete, ann.user, conversation.pk)
        await tab.until(lambda: "deleted" in kinds(), what="the feed of the deletion")
        assert sorted(kinds()) == sorted(
            ["created", "renamed", "turn_started", "turn_ended", "renamed", "archived", "deleted"]
        )
        feeds = [frame for frame in tab.frames if frame["type"] == "feed"]
        assert all(set(feed) == {"type", "kind", "conversation"} for feed in feeds)
        assert {feed["conversation"] for feed in feeds} == {str(conversation.pk)}
        assert ack["turn"] not in str(feeds)
        await stranger.ok("ping")
        assert [frame for frame in stranger.frames if frame["type"] == "feed"] == []
