"""Whatever a client sends, the socket answers and lives on; until it is too much."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
import pytest_asyncio

from chat.models import Conversation, Message, Turn
from tests.chat.stage import Person, Stage, rows
from tests.chat.tab import Frame, Tab, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNREADABLE: dict[str, str | bytes] = {
    "not JSON": "{",
    "empty": "",
    "blank": " \n",
    "a string": '"ping"',
    "null": "null",
    "a number": "1",
    "a list": '[{"type": "ping"}]',
    "empty list": "[]",
    "NaN": '{"type": "ping", "id": NaN}',
    "infinity": '{"type": "ping", "x": Infinity}',
    "too deep": "[" * 100_000 + "]" * 100_000,
    "too deep inside": '{"type": "ping", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "half a surrogate pair": '{"type": "ping", "id": "\\ud800"}',
    "trailing": '{"type": "ping"} {}',
    "single quotes": "{'type': 'ping'}",
    "binary": b'{"type": "ping", "id": "1"}',
    "binary nonsense": b"\xff\xfe\x00",
    "empty binary": b"",
}
ODD_BUT_READABLE: dict[str, str] = {
    "a number of 5,000 digits": '{"type": "ping", "id": "odd", "x": ' + "9" * 5_000 + "}",
    "an overflowing float": '{"type": "ping", "id": "odd", "x": 1e999}',
    "__proto__": '{"type": "ping", "id": "odd", "__proto__": {"polluted": 1}, "constructor": {}}',
    "unknown fields": '{"type": "ping", "id": "odd", "later": [1, {"a": null}]}',
    "a key twice": '{"type": "stop", "type": "ping", "id": "odd"}',
    "NUL in a field that nobody reads": '{"type": "ping", "id": "odd", "x": "\\u0000"}',
}


@pytest_asyncio.fixture(loop_scope="module")
async def conversation(ann: Person) -> Conversation:
    return await ann.conversation()


async def newest_error(tab: Tab, *, times: int = 1) -> Frame:
    def errors() -> list[Frame]:
        return [frame for frame in tab.frames if frame["type"] == "error"]

    await tab.until(lambda: len(errors()) >= times, what="an error frame")
    return errors()[-1]


class TestUnreadable:
    @pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
    async def test_is_answered_and_the_socket_lives_on(self, stage: Stage, ann: Person, text: str | bytes) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(text)
            error = await newest_error(tab)
            assert (error["code"], error["id"]) == ("bad_frame", None)
            assert (await tab.ok("ping"))["type"] == "pong"

    @pytest.mark.parametrize("text", ODD_BUT_READABLE.values(), ids=ODD_BUT_READABLE)
    async def test_what_can_be_read_is_read_or_refused_and_nothing_breaks(
        self, stage: Stage, ann: Person, text: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(text)
            await tab.until(lambda: any(frame["type"] in ("pong", "error") for frame in tab.frames))
            answer = tab.frames[-1]
            assert answer["type"] == "pong" or answer["code"] == "bad_frame", answer
            assert (await tab.ok("ping"))["type"] == "pong"
        assert not [record for record in caplog.records if record.exc_info]

    async def test_the_fifth_in_a_minute_closes_with_4400(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, ann) as tab:
            for times in range(1, 5):
                await tab.raw("{")
                await newest_error(tab, times=times)
            assert (await tab.ok("ping"))["type"] == "pong"
            await tab.raw("{")
            assert await tab.until_closed() == 4400

    async def test_only_unreadable_ones_count(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, ann) as tab:
            for _ in range(6):
                assert await tab.refused("stop", turn=str(uuid4())) == "not_found"
                assert await tab.refused("stop", turn="x") == "invalid_request"
                assert await tab.refused("jump") == "unsupported_type"
            assert (await tab.ok("ping"))["type"] == "pong"


class TestTypesAndFields:
    @pytest.mark.parametrize("type", ["jump", "hello", "", None, 1, [], {}, "SEND", "ping "])
    async def test_an_unknown_type_is_answered_with_its_id(self, stage: Stage, ann: Person, type: object) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(json.dumps({"type": type, "id": "mine"}))
            error = await newest_error(tab)
            assert (error["code"], error["id"]) == ("unsupported_type", "mine")
            await tab.raw(json.dumps({"id": "no type at all"}))
            assert (await newest_error(tab, times=2))["id"] == "no type at all"

    @pytest.mark.parametrize(
        ("frame", "field"),
        [
            ({"type": "subscribe"}, "conversation"),
            ({"type": "subscribe", "conversation": "x"}, "conversation"),
            ({"type": "subscribe", "conversation": None}, "conversation"),
            ({"type": "subscribe", "conversation": {"id": 1}}, "conversation"),
            ({"type": "subscribe", "conversation": str(uuid4()), "cursors": []}, "cursors"),
            ({"type": "subscribe", "conversation": str(uuid4()), "cursors": {"x": 1}}, "cursors.x.[key]"),
            ({"type": "unsubscribe", "conversation": 7}, "conversation"),
            ({"type": "send", "conversation": str(uuid4()), "text": "x"}, "client_message_id"),
            ({"type": "send", "conversation": str(uuid4()), "client_message_id": "1"}, "text"),
            ({"type": "send", "conversation": str(uuid4()), "client_message_id": "1", "text": None}, "text"),
            ({"type": "send", "conversation": str(uuid4()), "client_message_id": "1", "text": ["x"]}, "text"),
            ({"type": "send", "conversation": str(uuid4()), "client_message_id": 1, "text": "x"}, "client_message_id"),
            ({"type": "send", "conversation": str(uuid4()), "client_message_id": "", "text": "x"}, "client_message_id"),
            ({"type": "stop"}, "turn"),
            ({"type": "stop", "turn": 0}, "turn"),
            ({"type": "shorten"}, "turn"),
            ({"type": "approve", "turn": str(uuid4()), "approved": True}, "approval"),
            ({"type": "approve", "turn": str(uuid4()), "approval": str(uuid4())}, "approved"),
            ({"type": "approve", "turn": str(uuid4()), "approval": str(uuid4()), "approved": "yes"}, "approved"),
            ({"type": "edit", "message": str(uuid4()), "client_message_id": "1"}, "text"),
            ({"type": "regenerate", "client_message_id": "1"}, "message"),
            ({"type": "regenerate", "message": str(uuid4()), "client_message_id": "1", "agent": 5}, "agent"),
        ],
    )
    async def test_a_bad_field_is_named(self, stage: Stage, ann: Person, frame: Frame, field: str) -> None:
        async with opened(stage, ann) as tab:
            answer = await tab.ask(**frame)
        assert (answer["type"], answer["code"]) == ("error", "invalid_request")
        assert list(answer["params"]["fields"]) == [field]

    @pytest.mark.parametrize("cursor", [-1, 1.5, "3", None, True, 2**53 + 1, 10**30])
    async def test_a_cursor_is_a_seq(
        self, stage: Stage, ann: Person, conversation: Conversation, cursor: object
    ) -> None:
        async with opened(stage, ann) as tab:
            named = {str(uuid4()): cursor}
            assert await tab.refused("subscribe", conversation=str(conversation.pk), cursors=named) in (
                "invalid_request",
                "bad_frame",
            )

    async def test_more_cursors_than_are_published_are_refused_in_few_words(
        self, stage: Stage, ann: Person, conversation: Conversation
    ) -> None:
        async with opened(stage, ann) as tab:
            most = tab.frames[0]["limits"]["cursors_per_subscribe"]
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={str(uuid4()): 0 for _ in range(most)})
            answer = await tab.ask(
                "subscribe", conversation=str(conversation.pk), cursors={str(uuid4()): 0 for _ in range(most + 1)}
            )
            assert answer["code"] == "invalid_request"
            answer = await tab.ask(
                "subscribe", conversation=str(conversation.pk), cursors={"x" * 500 + str(n): "no" for n in range(most)}
            )
            assert len(json.dumps(answer)) < 3_000

    @pytest.mark.parametrize("id", [5, None, [], {"a": 1}, "x" * 65, "a\0b"])
    async def test_an_id_that_is_none_does_no_harm(self, stage: Stage, ann: Person, id: object) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(json.dumps({"type": "ping", "id": id}))
            await tab.until(lambda: len(tab.frames) > 1)
            assert tab.frames[1]["type"] in ("pong", "error")
            assert tab.frames[1]["type"] == "pong" or tab.frames[1]["code"] == "invalid_request"
            assert (await tab.ok("ping"))["type"] == "pong"

    async def test_an_id_of_64_characters_comes_back(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(json.dumps({"type": "ping", "id": "ü" * 64}))
            assert (await tab.answer_to("ü" * 64))["type"] == "pong"


class TestTexts:
    @pytest.mark.parametrize("text", ["", "   ", "\n\t", "a\0b"])
    async def test_what_cannot_be_kept_is_refused(
        self, stage: Stage, ann: Person, conversation: Conversation, text: str
    ) -> None:
        async with opened(stage, ann) as tab:
            sent = {"conversation": str(conversation.pk), "client_message_id": "1", "text": text}
            assert await tab.refused("send", **sent) == "invalid_request"
        assert not await rows(Message.objects.filter(conversation=conversation).exists)

    async def test_400_001_characters_are_too_many_and_400_000_are_not(
        self, stage: Stage, ann: Person, conversation: Conversation
    ) -> None:
        sent = {"conversation": str(conversation.pk), "client_message_id": "1"}
        async with opened(stage, ann) as tab:
            answer = await tab.ask("send", **sent, text="x" * 400_001)
            assert answer["code"] == "message_too_long"
            assert answer["params"] == {"characters": 400_001, "limit": 400_000}
            # Long enough for us, too long for the token limit: that is told with the sizes.
            answer = await tab.ask("send", **sent, text="word " * 80_000)
            assert answer["code"] == "context_impossible"
            assert answer["params"]["limit"] == 8_192
            assert answer["params"]["message"] > 80_000
        assert not await rows(Message.objects.filter(conversation=conversation).exists)

    async def test_a_frame_without_a_message_is_small(
        self, stage: Stage, ann: Person, conversation: Conversation
    ) -> None:
        """A cursor that is none costs a fault of its own: half a million of them would hold the server up."""
        cursors = {str(n): "x" for n in range(20_000)}
        async with opened(stage, ann) as tab:
            answer = await tab.ask("subscribe", conversation=str(conversation.pk), cursors=cursors)
            assert answer["code"] == "invalid_request"
            assert list(answer["params"]["fields"]) == ["frame"]

    async def test_a_frame_over_4_mib_is_closed_with_1009(
        self, stage: Stage, ann: Person, conversation: Conversation
    ) -> None:
        async with opened(stage, ann) as tab:
            await tab.raw(json.dumps({"type": "ping", "id": "big", "x": "x" * (4 * 1024 * 1024 - 100)}))
            answer = await tab.answer_to("big")
            assert answer["code"] == "invalid_request"
            assert "65,536" in answer["params"]["fields"]["frame"]
            await tab.raw(json.dumps({"type": "ping", "x": "x" * (4 * 1024 * 1024)}))
            assert await tab.until_closed() == 1009

    async def test_text_comes_back_as_it_was_sent(self, stage: Stage, ann: Person, conversation: Conversation) -> None:
        text = "echo <b>ünï</b> \u202e \U0001f600 \ufeff {}; DROP TABLE -- ${x} \\ \" ' \r\n end"
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(conversation.pk), cursors={})
            ack = await tab.send(conversation.pk, text, key="1")
            await tab.ended(ack["turn"])
            assert tab.of_turn(ack["turn"])[0]["text"] == text
        question = await rows(Message.objects.get, pk=ack["message"])
        assert question.parts[0]["text"] == text


class TestFlood:
    async def test_more_than_the_burst_is_refused_and_nothing_is_lost_silently(self, stage: Stage, ann: Person) -> None:
        async with opened(stage, ann) as tab:
            # So many that they are too many even where the machine is slow to send and to answer them.
            ids = [await tab.say("ping") for _ in range(400)]
            answers = [await tab.answer_to(id) for id in ids]
            refused = [answer for answer in answers if answer["type"] == "error"]
            assert {answer["code"] for answer in refused} == {"too_many_frames"}
            assert all(answer["retryable"] and answer["retry_at"] for answer in refused)
            assert 40 <= 400 - len(refused) < 400
            assert tab.close_code is None


class TestForeignIds:
    """Somebody else's rows are not there, whatever frame names them."""

    async def test_are_not_found(self, stage: Stage, ann: Person, bob: Person) -> None:
        hers = await ann.conversation()
        async with opened(stage, ann) as tab:
            await tab.ok("subscribe", conversation=str(hers.pk), cursors={})
            running = await tab.send(hers.pk, "slow long 3000", key="1")
            await tab.seen(running["turn"], "delta")
            async with opened(stage, bob) as stranger:
                await self._try_everything(stranger, conversation=str(hers.pk), ack=running)
                own = await bob.conversation()
                sent = {"conversation": str(own.pk), "client_message_id": "9", "text": "x"}
                assert await stranger.refused("send", **sent, parent=running["message"]) == "not_found"
            await tab.ok("stop", turn=running["turn"])
        assert await rows(Turn.objects.filter(conversation=hers).count) == 1

    async def _try_everything(self, stranger: Tab, *, conversation: str, ack: Frame) -> None:
        written = {"client_message_id": "1", "text": "x"}
        assert await stranger.refused("subscribe", conversation=conversation, cursors={}) == "not_found"
        assert await stranger.refused("send", conversation=conversation, **written) == "not_found"
        assert await stranger.refused("stop", turn=ack["turn"]) == "not_found"
        assert await stranger.refused("shorten", turn=ack["turn"]) == "not_found"
        decision = {"approval": str(uuid4()), "approved": True}
        assert await stranger.refused("approve", turn=ack["turn"], **decision) == "not_found"
        assert await stranger.refused("edit", message=ack["message"], **written) == "not_found"
        assert await stranger.refused("regenerate", message=ack["message"], client_message_id="1") == "not_found"
        assert (await stranger.ok("unsubscribe", conversation=conversation))["type"] == "ack"
        await stranger.ok("ping")
        assert stranger.of_turn(ack["turn"]) == []
