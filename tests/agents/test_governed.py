from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from accounts.models import User
from agents import ledger
from agents.governed import GovernedModel
from agents.governor.base import Ask, Grant, Reserved, Retry, Told
from agents.llm.errors import LLMError, ProviderOverloaded, ProviderRateLimited
from agents.llm.events import CallAdmitted, ModelEvent, TextDelta, Waiting
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest
from agents.models import LanguageModel, ModelCall
from agents.pool_limits import pool_of
from agents.threads import in_thread
from tests.agents.rows import make_model
from tests.agents.scripted_model import ScriptedModel, Step, a_request, finished, says

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = Waiting(reason="pacing", pool="p", retry_at=1.0, used=1, limit=2, position=0)


class Books(ScriptedModel):
    """A governor, its grants and the model behind it, that write down what happens to them in one list. `retries` are
    what the governor thinks of one failure after the other."""

    reserved = Reserved(input=11, output=22)

    def __init__(self, *script: Step, waits: int = 0, scripts: Sequence[Sequence[Step]] = ()) -> None:
        super().__init__(script, *scripts)
        self.waits = waits
        self.retries: list[Retry] = []
        self.cap: int | None = None
        self.happened: list[object] = []
        self.asks: list[Ask] = []
        self.released = asyncio.Event()
        self.released.set()

    @property
    def request(self) -> ModelRequest:
        asked = self.asks[-1].request
        return asked if self.cap is None else replace(asked, max_output_tokens=self.cap)

    async def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]:
        self.asks.append(ask)
        for _ in range(self.waits):
            yield WAIT
        await self.released.wait()
        self.happened.append("granted")
        yield self

    def admitted(self, event: CallAdmitted) -> None:
        self.happened.append("admitted")

    async def failed(self, error: LLMError, *, begun: bool) -> Retry | None:
        self.happened.append(("failed", error.code, begun))
        return self.retries.pop(0) if self.retries else None

    async def settle(self, usage: Usage | None) -> None:
        self.happened.append(("settled", usage))

    async def cancel(self) -> None:
        self.happened.append("cancelled")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        row = await in_thread(ModelCall.objects.filter(pk=request.call_id).first)()
        self.happened.append(("sent", row and row.status))
        async for event in super().stream(request):
            yield event


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 0.25
        return self.now


@pytest.fixture
def model(owner: User) -> LanguageModel:
    return make_model()


def governed(books: Books, model: LanguageModel, owner: User) -> GovernedModel:
    async def sleep(seconds: float) -> None:
        books.happened.append(("slept", seconds))

    return GovernedModel(
        inner=books,
        governor=books,
        model=model,
        pool=pool_of(model),
        user_id=str(owner.pk),
        purpose="chat",
        clock=Clock(),
        sleep=sleep,
    )


async def play(books: Books, model: LanguageModel, owner: User) -> tuple[list[ModelEvent], ModelCall]:
    request = a_request(call_id=str(uuid4()), max_output_tokens=77)
    seen = [event async for event in governed(books, model, owner).stream(request)]
    return seen, await call(request)


async def call(request: ModelRequest) -> ModelCall:
    return await in_thread(ModelCall.objects.get)(pk=request.call_id)


async def test_a_call_is_booked_before_it_leaves_and_closed_with_what_the_provider_counted(
    model: LanguageModel, owner: User
) -> None:
    usage = Usage(input_tokens=10, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2, reasoning_tokens=1)
    books = Books(TextDelta(text="a"), finished("length", usage=usage))
    seen, row = await play(books, model, owner)
    assert seen == [TextDelta(text="a"), finished("length", usage=usage)]
    assert books.happened == ["granted", ("sent", "running"), ("settled", usage)]
    assert (row.status, row.finish_reason, row.error_code, row.request_id) == ("completed", "length", "", "req_1")
    assert {name: getattr(row, name) for name in usage.to_dict()} == usage.to_dict()
    assert (row.model_id, row.user_id, row.purpose, row.max_output_tokens) == (model.pk, owner.pk, "chat", 77)
    assert row.ended_at is not None
    assert row.first_byte_ms == 250


async def test_waits_pass_through_and_are_counted(model: LanguageModel, owner: User) -> None:
    books = Books(finished(), waits=2)
    seen, row = await play(books, model, owner)
    assert seen == [WAIT, WAIT, finished()]
    assert row.waited_ms == 250


async def test_without_a_reported_usage_the_reservation_counts(model: LanguageModel, owner: User) -> None:
    books = Books(TextDelta(text="a"), finished(usage=None))
    _, row = await play(books, model, owner)
    assert books.happened[-1] == ("settled", None)
    assert (row.status, row.input_tokens, row.output_tokens) == ("completed", None, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProviderOverloaded("busy"), "provider_overloaded"),
        (ProviderRateLimited("slow down"), "provider_rate_limited"),
        (RuntimeError("?"), "internal"),
    ],
)
@pytest.mark.parametrize("before", [[], [TextDelta(text="half")]])
async def test_an_error_closes_the_call_with_its_code(
    model: LanguageModel, owner: User, error: Exception, code: str, before: Sequence[Step]
) -> None:
    books = Books(*before, error)
    request = a_request(call_id=str(uuid4()))
    with pytest.raises(type(error)):
        _ = [event async for event in governed(books, model, owner).stream(request)]
    row = await call(request)
    assert (row.status, row.error_code, row.input_tokens) == ("failed", code, None)
    assert row.ended_at is not None
    how = ("failed", code, bool(before)) if isinstance(error, LLMError) else ("settled", None)
    assert books.happened[-1] == how
    assert books.closed == 1


class TestRetried:
    """What the governor thinks worth another try is sent again, in the same row, before any of an answer came."""

    async def test_after_a_pause_that_is_told(self, model: LanguageModel, owner: User) -> None:
        books = Books(ProviderOverloaded("busy"), scripts=[[TextDelta(text="a"), finished()]])
        books.retries = [Retry(pause=2.5, reason="provider_overloaded", waiting=WAIT)]
        seen, row = await play(books, model, owner)
        assert seen == [WAIT, TextDelta(text="a"), finished()]
        assert ("slept", 2.5) in books.happened
        assert [ask.tries for ask in books.asks] == [0, 1]
        assert books.asks[1].reason == "provider_overloaded"
        assert (row.status, row.retries, row.rate_limited, row.waited_ms) == ("completed", 1, 0, 2_500)

    async def test_from_the_front_of_its_queue_after_a_429(self, model: LanguageModel, owner: User) -> None:
        books = Books(ProviderRateLimited("slow down"), scripts=[says("yes")])
        books.retries = [Retry(pause=0.0, reason="provider_rate_limited", waiting=None)]
        seen, row = await play(books, model, owner)
        assert seen == says("yes")
        assert len({ask.lease for ask in books.asks}) == 1
        assert (row.status, row.retries, row.rate_limited) == ("completed", 1, 1)
        assert await in_thread(ModelCall.objects.count)() == 1

    async def test_until_the_governor_gives_up(self, model: LanguageModel, owner: User) -> None:
        books = Books(ProviderRateLimited("1"), scripts=[[ProviderRateLimited("2")]])
        books.retries = [Retry(pause=0.0, reason="provider_rate_limited", waiting=None)]
        request = a_request(call_id=str(uuid4()))
        with pytest.raises(ProviderRateLimited, match="2"):
            _ = [event async for event in governed(books, model, owner).stream(request)]
        row = await call(request)
        assert (row.status, row.error_code, row.retries, row.rate_limited) == ("failed", "provider_rate_limited", 1, 2)


async def test_what_the_provider_says_of_its_limits_stays_with_the_governor(model: LanguageModel, owner: User) -> None:
    books = Books(CallAdmitted(), TextDelta(text="a"), finished())
    seen, row = await play(books, model, owner)
    assert seen == [TextDelta(text="a"), finished()]
    assert "admitted" in books.happened
    assert (row.reserved_input_tokens, row.reserved_output_tokens) == (11, 22)


async def test_what_is_granted_is_what_is_sent(model: LanguageModel, owner: User) -> None:
    books = Books(finished())
    books.cap = 5
    await play(books, model, owner)
    assert [sent.max_output_tokens for sent in books.requests] == [5]


class TestStopped:
    async def _begin(
        self, books: Books, model: LanguageModel, owner: User
    ) -> tuple[ModelRequest, asyncio.Task[Any], list[ModelEvent]]:
        request, seen = a_request(call_id=str(uuid4())), list[ModelEvent]()

        async def listen() -> None:
            async for event in governed(books, model, owner).stream(request):
                seen.append(event)

        return request, asyncio.create_task(listen()), seen

    async def test_in_the_middle_is_cancelled_and_settled(self, model: LanguageModel, owner: User) -> None:
        books = Books(TextDelta(text="a"), asyncio.Event())
        request, task, seen = await self._begin(books, model, owner)
        async with asyncio.timeout(60):
            while not seen:
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        row = await call(request)
        assert (row.status, row.error_code, row.ended_at is not None) == ("cancelled", "", True)
        assert books.happened[-1] == ("settled", None)
        assert books.closed == 1

    async def test_while_it_is_booked_closes_the_booking_and_sends_nothing(
        self, model: LanguageModel, owner: User
    ) -> None:
        books = Books(TextDelta(text="never"), finished())
        request, task, _ = await self._begin(books, model, owner)
        while "granted" not in books.happened:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        row = await call(request)
        assert (row.status, row.error_code, row.ended_at is not None) == ("cancelled", "", True)
        assert books.happened == ["granted", "cancelled"]

    async def test_while_it_waits_leaves_nothing_behind(self, model: LanguageModel, owner: User) -> None:
        books = Books(finished(), waits=1)
        books.released.clear()
        _, task, seen = await self._begin(books, model, owner)
        while not seen:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await in_thread(ModelCall.objects.exists)()
        assert books.happened == []

    async def test_after_the_last_event_it_stays_completed(self, model: LanguageModel, owner: User) -> None:
        books = Books(finished(usage=Usage(input_tokens=1)), asyncio.Event())
        request, task, seen = await self._begin(books, model, owner)
        async with asyncio.timeout(60):
            while not seen:
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await call(request)).status == "completed"
        assert books.happened[-1] == ("settled", Usage(input_tokens=1))

    async def test_by_closing_the_stream_between_two_events(self, model: LanguageModel, owner: User) -> None:
        books = Books(TextDelta(text="a"), TextDelta(text="b"), finished())
        request = a_request(call_id=str(uuid4()))
        events = governed(books, model, owner).stream(request)
        await anext(events)
        await events.aclose()
        assert (await call(request)).status == "cancelled"
        assert books.closed == 1


async def test_a_call_that_cannot_be_booked_is_not_sent(model: LanguageModel, owner: User) -> None:
    books = Books(finished())
    request, _ = a_request(call_id=str(uuid4())), await play(Books(finished()), model, owner)
    ask = Ask(request=request, pool=pool_of(model), user=str(owner.pk), purpose="chat", lease=request.call_id)
    await ledger.open_call(ledger.row_of(ask=ask, model=model))
    with pytest.raises(IntegrityError):
        _ = [event async for event in governed(books, model, owner).stream(request)]
    assert books.happened == ["granted", "cancelled"]
    assert books.requests == []
    assert (await call(request)).status == "running"


async def test_the_row_can_be_written_by_whoever_has_more_to_write(model: LanguageModel, owner: User) -> None:
    books, opened = Books(finished()), list[ModelCall]()
    request = a_request(call_id=str(uuid4()))

    async def open_call(row: ModelCall) -> None:
        assert books.requests == [], "the row comes before the call"
        opened.append(row)
        await ledger.open_call(row)

    governed_model = GovernedModel(
        inner=books,
        governor=books,
        model=model,
        pool=pool_of(model),
        user_id=str(owner.pk),
        purpose="chat",
        open_call=open_call,
    )
    _ = [event async for event in governed_model.stream(request)]
    assert [str(row.pk) for row in opened] == [request.call_id]
    assert (await call(request)).status == "completed"


async def test_the_governor_is_told_whose_call_it_is_and_from_which_pool(model: LanguageModel, owner: User) -> None:
    books = Books(finished())
    await play(books, model, owner)
    [ask] = books.asks
    assert (ask.pool, ask.user, ask.purpose) == (pool_of(model), str(owner.pk), "chat")
