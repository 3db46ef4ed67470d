"""What a turn writes while it runs, and how it ends, whatever it is interrupted by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents import registry, roster
from agents.governor.base import Ask, Grant
from agents.governor.passthrough import FreeGrant
from agents.llm.events import Waiting
from agents.models import ModelCall
from chat import event_log
from chat.models import Iteration, Message, Turn, TurnEvent
from chat.turns import Ending
from tests.chat import workshop
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, eventually, rows

STOPPED = Ending(status=Turn.Status.STOPPED)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


def events_of(turn: Turn) -> list[dict[str, Any]]:
    log = TurnEvent.objects.filter(turn=turn).order_by("seq")
    return [{"type": event.type, "seq": event.seq, **event.data} for event in log]


async def run(user: User, text: str, **more: Any) -> tuple[Turn, list[dict[str, Any]]]:
    """A turn of its own conversation after its end, and its log."""
    conversation = await rows(conversation_of, user, **more)
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    await until_all([turn.pk], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=turn.pk), await rows(events_of, turn)


class Patient:
    """A governor that holds every call back twice, and the second time until it is released."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def reserve(self, ask: Ask) -> AsyncGenerator[Waiting | Grant]:
        for position in (1, 0):
            yield Waiting(reason="pacing", pool="pool", retry_at=1_800_000_000.5, used=5, limit=50, position=position)
        await self.release.wait()
        yield FreeGrant(ask.request)


class TestWaiting:
    async def test_is_told_with_a_time_of_the_wire_and_over_when_content_comes(
        self, shop: Shop, user: User, sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        governor = Patient()
        monkeypatch.setattr(registry, "governor", lambda: governor)
        hold = sandbox.hold("patience")
        turn = (await rows(queued, user, "slow echo patience is long enough to be seen in pieces")).turn
        shop.worker.wake()
        await until_all([turn.pk], "waiting")
        governor.release.set()
        hold.set()
        await until_all([turn.pk], "running", "completed")
        await until_all([turn.pk], "completed")
        waits = [event for event in await rows(events_of, turn) if event["type"] == "turn.waiting"]
        assert [wait["position"] for wait in waits] == [1, 0]
        assert {name: waits[0][name] for name in ("reason", "pool", "retry_at", "used", "limit")} == {
            "reason": "pacing",
            "pool": "pool",
            "retry_at": "2027-01-15T08:00:00.500Z",
            "used": 5,
            "limit": 50,
        }

    async def test_can_be_stopped_and_then_nothing_was_sent(
        self, shop: Shop, user: User, sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registry, "governor", Patient)
        turn = (await rows(queued, user, "echo held back")).turn
        shop.worker.wake()
        await until_all([turn.pk], "waiting")
        shop.worker._runs[turn.pk].stop(STOPPED)
        await until_all([turn.pk], "stopped")
        assert sandbox.requests_with("held back") == []
        assert not await rows(ModelCall.objects.filter(user=user).exists)
        iteration = await rows(Iteration.objects.get, turn=turn)
        assert (iteration.model_call_id, iteration.message_id) == (None, None)


Writer = Callable[[list[Any]], Awaitable[list[Any]]]


class TestTheEnd:
    @pytest.mark.parametrize("text", ["fault eof", "loop 1 fault cut", "echo fine", "fault refusal"])
    async def test_is_written_whole_even_if_a_stop_comes_meanwhile(
        self, shop: Shop, user: User, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        write: Writer = event_log._write_in_thread

        async def slowly(batch: list[Any]) -> list[Any]:
            await asyncio.sleep(0.01)
            return await write(batch)

        monkeypatch.setattr(event_log, "_write_in_thread", slowly)

        async def stop_at(moment: int) -> Turn:
            """A turn that is stopped when it has written so many events."""
            turn = (await rows(queued, user, text)).turn
            shop.worker.wake()
            await eventually(lambda: turn.pk in shop.worker._runs)
            running = shop.worker._runs[turn.pk]
            await eventually(lambda: running.lease.seq > moment or turn.pk not in shop.worker._runs)
            running.stop(STOPPED)
            await until_all([turn.pk], *Turn.ENDED)
            return turn

        turns = await asyncio.gather(*map(stop_at, range(12)))
        for turn in turns:
            log = await rows(events_of, turn)
            assert log[-1]["reason"] != "worker_lost"  # As if nobody had written its end.
            assert [event["type"] for event in log].count("turn.ended") == 1
            said = "".join(event["text"] for event in log if event["type"] == "delta")
            answers = await rows(list, Message.objects.filter(turn=turn, role="assistant").order_by("position"))
            assert "".join(part["text"] for row in answers for part in row.parts if part["kind"] == "text") == said

    async def test_says_what_was_used_in_all_iterations(self, shop: Shop, user: User) -> None:
        turn, log = await run(user, "loop 2")
        counted = [event for event in log if event["type"] == "usage"]
        assert len(counted) == 3
        for name in ("input_tokens", "output_tokens"):
            assert log[-1]["usage"][name] == turn.usage[name] == sum(event[name] for event in counted) > 0

    async def test_at_the_iteration_limit_is_an_answer_and_says_so(self, shop: Shop, user: User) -> None:
        turn, log = await run(user, "loop 30")
        started = [event for event in log if event["type"] == "iteration.started"]
        assert [event["n"] for event in started] == list(range(1, 16))
        assert {event["max"] for event in started} == {15}
        assert (turn.status, turn.reason) == ("completed", "iteration_limit")
        answer = await rows(Message.objects.get, pk=log[-1]["message"])
        assert "cut at the limit after 14 of 30 rounds" in answer.parts[0]["text"]


class TestRows:
    async def test_every_iteration_links_its_call_its_answer_and_its_receipt(self, shop: Shop, user: User) -> None:
        turn, log = await run(user, "loop 2")
        iterations = await rows(list, Iteration.objects.filter(turn=turn).order_by("n"))
        built = [event for event in log if event["type"] == "context.built"]
        started = [event for event in log if event["type"] == "iteration.started"]
        for iteration, context, start in zip(iterations, built, started, strict=True):
            assert str(iteration.model_call_id) == context["call"] == iteration.receipt["call"]
            assert str(iteration.message_id) == start["message"]
            assert iteration.receipt["total"] == context["tokens"] <= context["limit"] == 8_192

    async def test_a_call_that_failed_is_linked_too(self, shop: Shop, user: User) -> None:
        turn, _ = await run(user, "fault error_500")
        iteration = await rows(Iteration.objects.get, turn=turn)
        call = await rows(ModelCall.objects.get, user=user)
        assert iteration.model_call_id == call.pk
        assert (call.status, call.error_code) == ("failed", "provider_overloaded")

    async def test_results_are_in_the_order_of_their_calls(
        self, shop: Shop, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tools = (workshop.explode, workshop.refuse, workshop.talk)
        monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, workshop.agent(*tools)))
        turn, log = await run(user, "parallel 3", agent="workshop")
        calls = [event["id"] for event in log if event["type"] == "tool.call"]
        results = await rows(Message.objects.get, turn=turn, role="tool")
        assert [part["call_id"] for part in results.parts] == calls
        assert [(part["name"], part["ok"]) for part in results.parts] == [
            ("explode", False),
            ("refuse", False),
            ("talk", True),
        ]
        assert "a secret detail" not in str(results.parts)
        shown = {event["id"]: event for event in log if event["type"] == "tool.result"}
        assert (len(shown[calls[2]]["preview"]), shown[calls[2]]["shortened"]) == (400, True)
        assert len(results.parts[2]["text"]) > 400
