from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from agents.governor.base import Retry, Told
from agents.governor.store import Pool
from agents.llm.errors import (
    ContextImpossible,
    LLMError,
    PoolBusy,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.events import CallAdmitted, CallGranted, CallRefitted, Waiting
from agents.llm.messages import Message, Usage
from agents.llm.rates import Rates
from tests.agents.governor.desk import CLAUDE, GPT, MARKED, UNKNOWN, Desk, request, shrinking


def sent_instead(told: Told) -> tuple[Message, ...]:
    assert isinstance(told, CallRefitted), told
    return told.messages


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestWaiting:
    async def test_there_is_none_while_there_is_room(self, desk: Desk) -> None:
        told, grant = await desk.reserve(desk.ask(request(8_000)))
        assert told == []
        assert grant.request.counts.total == 8_000
        assert grant.reserved.input == 8_400, "with a margin, as long as nothing is known of the counts"

    async def test_is_told_at_its_start_and_at_its_end(self, desk: Desk) -> None:
        await desk.hold(desk.ask(request(37_000)))
        began = desk.store.now
        told, _ = await desk.reserve(desk.ask(request(20_000)))
        first, *moved, last = told
        assert isinstance(first, Waiting)
        assert (first.reason, first.pool, first.position, first.limit) == ("pacing", "Claude · small", 0, 40_000)
        assert first.retry_at == pytest.approx(desk.store.now, abs=1.0)
        assert moved == [], "an estimate that holds is told once"
        assert last == CallGranted(waited_ms=round((desk.store.now - began) * 1000))

    async def test_is_told_again_when_somebody_comes_between(self, desk: Desk) -> None:
        await desk.hold(desk.ask(request(37_000)))

        def foreign() -> None:
            desk.store._states["claude"].buckets["input"].level -= 10_000
            desk.store.then = lambda: None

        desk.store.then = foreign
        told, _ = await desk.reserve(desk.ask(request(20_000)))
        first, second, _ = told
        assert isinstance(first, Waiting)
        assert isinstance(second, Waiting)
        assert second.retry_at - first.retry_at == pytest.approx(15.0, abs=1.0)

    async def test_ends_with_busy_where_it_would_take_longer_than_the_pool_s_patience(self, desk: Desk) -> None:
        hasty = replace(CLAUDE, limits=replace(CLAUDE.limits, patience=10.0))
        await desk.hold(desk.ask(request(37_000), pool=hasty))
        with pytest.raises(PoolBusy, match="your message is kept") as busy:
            await desk.reserve(desk.ask(request(30_000), pool=hasty))
        assert busy.value.code == "server_busy"
        assert busy.value.retry_after == pytest.approx(44.0, abs=5.0)
        assert desk.state().waiting == {}, "nobody waits for it"

    async def test_of_a_running_turn_has_more_patience(self, desk: Desk) -> None:
        hasty = replace(CLAUDE, limits=replace(CLAUDE.limits, patience=10.0))
        await desk.hold(desk.ask(request(37_000), pool=hasty))
        told, _ = await desk.reserve(desk.ask(request(30_000, running=True), pool=hasty))
        assert isinstance(told[-1], CallGranted)

    async def test_that_is_given_up_leaves_nothing_behind(self, desk: Desk) -> None:
        await desk.hold(desk.ask(request(37_000)))
        before = desk.left("input")
        steps = desk.governor.reserve(desk.ask(request(30_000)))
        assert isinstance(await anext(steps), Waiting)
        await steps.aclose()
        assert desk.state().waiting == {}
        assert desk.left("input") == before

    async def test_wishes_for_a_shorter_context_are_heard(self, desk: Desk) -> None:
        await desk.hold(desk.ask(request(35_000)))
        told, grant = await desk.reserve(desk.ask(shrinking(30_000), wants_shorter=lambda: True))
        assert [sent_instead(one) for one in told] == [grant.request.messages]
        assert grant.request.counts.total == 1_000


class TestMadeToFit:
    async def test_a_context_over_the_bucket_shrinks(self, desk: Desk) -> None:
        told, grant = await desk.reserve(desk.ask(shrinking(60_000)))
        assert [sent_instead(one) for one in told] == [grant.request.messages]
        assert 30_000 < grant.request.counts.total < 40_000

    async def test_only_messages_come_from_the_smaller_request(self, desk: Desk) -> None:
        asked = replace(shrinking(60_000), effort="low", call_id="mine")
        _, grant = await desk.reserve(desk.ask(asked))
        assert (grant.request.effort, grant.request.call_id) == ("low", "mine")

    @pytest.mark.parametrize("asked", [request(60_000), shrinking(60_000, to=50_000)])
    async def test_what_cannot_is_refused_with_its_sizes_before_it_waits(self, desk: Desk, asked: object) -> None:
        with pytest.raises(ContextImpossible, match=r"63,000|52,500") as refused:
            await desk.reserve(desk.ask(asked))  # type: ignore[arg-type]
        assert "39,900" in refused.value.message
        assert "Your message is kept" in refused.value.message

    async def test_a_reply_cap_that_is_charged_is_lowered(self, desk: Desk) -> None:
        told, grant = await desk.reserve(desk.ask(request(16_000, cap=16_384), pool=GPT))
        assert told == [CallRefitted(max_output_tokens=1_024)]
        assert grant.request.max_output_tokens == 1_024
        assert desk.left("tokens", GPT) == (39_900 - 16_800 - 1_024)

    async def test_to_twice_what_nearly_every_reply_took(self, desk: Desk) -> None:
        for _ in range(5):
            await desk.call(request(100), usage=Usage(input_tokens=100, output_tokens=900), pool=GPT)
        _, grant = await desk.reserve(desk.ask(request(1_000, cap=16_384), pool=GPT))
        assert grant.request.max_output_tokens == 1_800

    async def test_but_never_below_what_the_call_must_have(self, desk: Desk) -> None:
        _, grant = await desk.reserve(desk.ask(request(1_000, cap=16_384, least_reply=5_000), pool=GPT))
        assert grant.request.max_output_tokens == 5_000

    async def test_a_pool_with_plenty_leaves_the_cap_alone(self, desk: Desk) -> None:
        large = Pool(key="large", limits=replace(GPT.limits, per_minute={"tokens": 2_000_000.0}))
        told, grant = await desk.reserve(desk.ask(request(1_000, cap=16_384), pool=large))
        assert (told, grant.request.max_output_tokens) == ([], 16_384)

    async def test_a_prefix_that_went_cold_is_cut_only_where_the_call_must_wait(self, desk: Desk) -> None:
        told, _ = await desk.reserve(desk.ask(shrinking(20_000, texts=("a", "b"), capabilities=MARKED)))
        assert told == []
        told, grant = await desk.reserve(desk.ask(shrinking(30_000, texts=("a", "b"), capabilities=MARKED)))
        assert [sent_instead(one) for one in told] == [grant.request.messages]
        assert grant.request.counts.total == 1_000


class TestCost:
    async def test_a_prefix_that_the_provider_has_counts_nothing(self, desk: Desk) -> None:
        first = request(9_000, texts=("a",), capabilities=MARKED)
        await desk.call(first, usage=Usage(input_tokens=9_000, output_tokens=10, cache_write_tokens=9_000))
        second = request(17_000, texts=("a", "b"), capabilities=MARKED)
        _, grant = await desk.reserve(desk.ask(second))
        assert grant.reserved.input == pytest.approx(8_000, rel=0.06)

    async def test_for_five_minutes(self, desk: Desk) -> None:
        first = request(9_000, texts=("a",), capabilities=MARKED)
        await desk.call(first, usage=Usage(input_tokens=9_000, output_tokens=10, cache_write_tokens=9_000))
        desk.store.now += 300.0
        _, grant = await desk.reserve(desk.ask(request(17_000, texts=("a", "b"), capabilities=MARKED)))
        assert grant.reserved.input > 17_000

    async def test_unless_the_pool_counts_what_is_cached(self, desk: Desk) -> None:
        counting = replace(CLAUDE, limits=replace(CLAUDE.limits, counts_cached=True))
        usage = Usage(input_tokens=9_000, output_tokens=10, cache_write_tokens=9_000)
        await desk.call(request(9_000, texts=("a",), capabilities=MARKED), usage=usage, pool=counting)
        _, grant = await desk.reserve(desk.ask(request(17_000, texts=("a", "b"), capabilities=MARKED), pool=counting))
        assert grant.reserved.input > 17_000

    async def test_a_changed_message_breaks_the_prefix_there(self, desk: Desk) -> None:
        first = request(9_000, texts=("a",), capabilities=MARKED)
        await desk.call(first, usage=Usage(input_tokens=9_000, output_tokens=10, cache_write_tokens=9_000))
        _, grant = await desk.reserve(desk.ask(request(17_000, texts=("A", "b"), capabilities=MARKED)))
        assert grant.reserved.input > 16_000

    async def test_what_was_reserved_becomes_what_was_counted(self, desk: Desk) -> None:
        await desk.call(request(8_000), usage=Usage(input_tokens=6_000, output_tokens=300))
        assert (desk.left("input"), desk.left("output")) == (39_900 - 6_000, 7_980 - 300)

    async def test_without_usage_the_reservation_counts(self, desk: Desk) -> None:
        await desk.call(request(8_000))
        assert (desk.left("input"), desk.left("output")) == (39_900 - 8_400, 7_980 - 1_000)


class TestLimitsThatNobodyConfigured:
    async def test_one_call_asks_and_the_others_wait_for_its_answer(self, desk: Desk) -> None:
        _, first = await desk.reserve(desk.ask(request(1_000), pool=UNKNOWN))
        asked = desk.ask(request(1_000), pool=UNKNOWN)

        def answer() -> None:
            first.admitted(CallAdmitted(rates=Rates(limits={"input": 30_000.0}, remaining={"input": 29_000.0})))

        desk.store.then = answer
        _, second = await desk.reserve(asked)
        assert second.reserved.input == 1_050
        await first.settle(None)
        bucket = desk.state(UNKNOWN).buckets["input"]
        assert bucket.rate == 500.0
        assert bucket.level == pytest.approx(29_000 - 1_050, abs=200)

    async def test_where_the_answer_tells_of_none_there_are_none(self, desk: Desk) -> None:
        await desk.call(request(1_000), usage=Usage(input_tokens=1_000), pool=UNKNOWN)
        for _ in range(50):
            told, _ = await desk.reserve(desk.ask(request(100_000), pool=UNKNOWN))
            assert told == []


class TestFailed:
    async def _failed(self, desk: Desk, error: LLMError, *, pool: Pool = CLAUDE, begun: bool = False) -> Retry | None:
        ask = desk.ask(shrinking(8_000), pool=pool)
        _, grant = await desk.reserve(ask)
        return await grant.failed(error, begun=begun)

    async def test_at_a_limit_it_goes_to_the_front_and_waits_as_long_as_it_is_told(self, desk: Desk) -> None:
        ask = desk.ask(request(8_000))
        _, grant = await desk.reserve(ask)
        error = ProviderRateLimited("429", retry_after=23.0)
        error.rates = Rates(limits={"input": 40_000.0}, remaining={"input": 0.0}, refused="input")
        retry = await grant.failed(error, begun=False)
        assert retry == Retry(pause=0.0, reason="provider_rate_limited", waiting=None)
        began = desk.store.now
        told, _ = await desk.reserve(replace(ask, tries=1, reason=retry.reason))
        assert isinstance(told[0], Waiting)
        assert told[0].reason == "provider_rate_limited"
        assert 23.0 <= desk.store.now - began <= 25.0

    @pytest.mark.parametrize("error", [ProviderOverloaded("529"), ProviderTimeout("?"), ProviderBadStream("cut")])
    async def test_after_an_accident_it_is_tried_again_after_a_pause_that_grows(
        self, desk: Desk, error: LLMError
    ) -> None:
        error.retryable = True
        pauses = []
        for tries in range(5):
            _, grant = await desk.reserve(desk.ask(request(100), tries=tries))
            retry = await grant.failed(error, begun=False)
            pauses.append(retry and retry.pause)
        assert pauses == [0.75, 1.5, 3.0, 6.0, None], "four times at the most"

    async def test_as_long_as_the_provider_asks_for(self, desk: Desk) -> None:
        retry = await self._failed(desk, ProviderOverloaded("529", retry_after=20.0))
        assert retry is not None
        assert retry.pause == pytest.approx(21.0)
        assert isinstance(retry.waiting, Waiting)
        assert (retry.waiting.reason, retry.waiting.retry_at) == ("provider_overloaded", desk.store.now + retry.pause)

    @pytest.mark.parametrize(
        "error",
        [
            ProviderOverloaded("529", retry_after=7_200.0),
            ProviderAuth("401"),
            ProviderBadStream("unreadable", retryable=False),
        ],
    )
    async def test_some_failures_are_not_tried_again(self, desk: Desk, error: LLMError) -> None:
        assert await self._failed(desk, error) is None
        assert desk.state().held == {}

    async def test_nothing_is_tried_again_once_an_answer_has_begun(self, desk: Desk) -> None:
        error = ProviderRateLimited("inside the stream")
        assert await self._failed(desk, error, begun=True) is None
        assert (desk.state().held, desk.state().waiting) == ({}, {})

    async def test_an_empty_account_closes_all_its_pools_without_an_invented_wait(self, desk: Desk) -> None:
        await desk.call(request(10), pool=GPT)
        assert await self._failed(desk, ProviderSpendLimit("spent")) is None
        for pool in (CLAUDE, GPT):
            with pytest.raises(ProviderSpendLimit, match="ask an admin") as closed:
                await desk.reserve(desk.ask(request(10), pool=pool))
            assert closed.value.retry_after is None
        desk.store.now += 61.0
        await desk.reserve(desk.ask(request(10)))

    async def test_words_of_money_in_one_call_s_error_close_nothing(self, desk: Desk) -> None:
        """They may be a quotation of what somebody sent."""
        assert await self._failed(desk, ProviderSpendLimit("spent", scope="request")) is None
        await desk.reserve(desk.ask(request(10)))

    async def test_a_call_over_a_limit_that_nobody_knew_is_made_to_fit_it(self, desk: Desk) -> None:
        ask = desk.ask(shrinking(40_000, cap=16_384), pool=UNKNOWN)
        _, grant = await desk.reserve(ask)
        error = ProviderRateLimited("Request too large", retryable=False, scope="request")
        error.rates = Rates(refused="tokens", too_large=30_000.0)
        retry = await grant.failed(error, begun=False)
        assert retry is not None
        told, smaller = await desk.reserve(replace(ask, tries=1))
        assert isinstance(told[-1], CallRefitted)
        assert smaller.request.counts.total * 1.05 + smaller.request.max_output_tokens <= 30_000
        assert desk.state(UNKNOWN).buckets["tokens"].rate == 500.0

    async def test_without_known_limits_a_429_is_a_pause(self, desk: Desk) -> None:
        retry = await self._failed(desk, ProviderRateLimited("429", retry_after=4.0), pool=UNKNOWN)
        assert retry is not None
        assert retry.pause == pytest.approx(4.2)
        assert retry.reason == "provider_rate_limited"
        assert (desk.state(UNKNOWN).held, desk.state(UNKNOWN).waiting) == ({}, {})

    async def test_a_429_without_a_word_on_limits_that_were_learnt_harms_no_later_call(self, desk: Desk) -> None:
        _, first = await desk.reserve(desk.ask(request(100), pool=UNKNOWN))
        first.admitted(CallAdmitted(rates=Rates(limits={"input": 30_000.0}, remaining={"input": 29_900.0})))
        await first.settle(Usage(input_tokens=100))
        ask = desk.ask(request(100), pool=UNKNOWN)
        _, second = await desk.reserve(ask)
        assert await second.failed(ProviderRateLimited("429", retry_after=1.0), begun=False) is not None
        desk.store.now += 3_600.0
        await desk.reserve(replace(ask, tries=1))
        assert desk.state(UNKNOWN).cut_at == {}, "and what was cut has come back"
        assert desk.state(UNKNOWN).buckets["input"].rate == 500.0

    async def test_a_429_in_the_middle_of_an_answer_gives_nothing_back(self, desk: Desk) -> None:
        _, grant = await desk.reserve(desk.ask(request(10_000)))
        grant.admitted(CallAdmitted(usage=Usage(input_tokens=10_000)))
        await grant.failed(ProviderRateLimited("inside the stream"), begun=True)
        assert desk.left("input") == 39_900 - 10_000

    async def test_a_provider_that_says_now_again_and_again_is_not_taken_at_its_word(self, desk: Desk) -> None:
        error = ProviderRateLimited("429", retry_after=0.0)
        error.rates = Rates(limits={"input": 40_000.0}, remaining={"input": 0.0}, refused="input")
        ask, moments = desk.ask(request(100)), []
        for tries in range(4):
            _, grant = await desk.reserve(replace(ask, tries=tries))
            moments.append(desk.store.now)
            await grant.failed(error, begun=False)
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert gaps[1] > 1.0
        assert gaps[2] > 2.0


class TestLeftBehind:
    """Whoever leaves before it has its grant leaves no reservation, wherever it stands."""

    async def test_while_it_is_told_that_its_wait_is_over(self, desk: Desk) -> None:
        await desk.hold(desk.ask(request(35_000)))
        steps = desk.governor.reserve(desk.ask(request(20_000)))
        async for step in steps:
            if isinstance(step, CallGranted):
                break
        await steps.aclose()
        assert len(desk.state().held) == 1

    async def test_while_it_is_told_that_its_cap_was_lowered(self, desk: Desk) -> None:
        steps = desk.governor.reserve(desk.ask(request(1_000, cap=16_384), pool=GPT))
        assert isinstance(await anext(steps), CallRefitted)
        await steps.aclose()
        assert desk.state(GPT).held == {}
        assert desk.left("tokens", GPT) == 39_900


class TestGoingOn:
    async def test_a_call_that_goes_on_with_an_answer_goes_before_new_turns(self, desk: Desk) -> None:
        hasty = replace(CLAUDE, limits=replace(CLAUDE.limits, patience=10.0))
        await desk.hold(desk.ask(request(37_000), pool=hasty))
        told, _ = await desk.reserve(desk.ask(request(30_000, goes_on=True), pool=hasty))
        assert isinstance(told[-1], CallGranted), "and is not busy when a new one would be"


async def test_calls_that_began_under_older_limits_change_nothing(desk: Desk) -> None:
    old = replace(CLAUDE, limits=replace(CLAUDE.limits, revision=1.0))
    new = replace(CLAUDE, limits=replace(CLAUDE.limits, per_minute={"input": 20_000.0}, revision=2.0))
    _, running = await desk.reserve(desk.ask(request(1_000), pool=old))
    await desk.reserve(desk.ask(request(15_000), pool=new))
    await running.settle(Usage(input_tokens=1_000))
    buckets = desk.state().buckets
    assert set(buckets) == {"input"}
    assert buckets["input"].level == pytest.approx(19_950 - 15_750 - 1_000, abs=20)


async def test_an_idle_pool_remembers_nobody(desk: Desk) -> None:
    for n in range(20):
        _, grant = await desk.reserve(desk.ask(request(100), user=f"user-{n}"))
        await grant.settle(Usage(input_tokens=100, output_tokens=1))
    assert desk.state().finish == {}


async def test_a_call_that_nobody_knew_was_charged_by_its_cap_lowers_it_once_that_is_known(desk: Desk) -> None:
    _, first = await desk.reserve(desk.ask(request(1_000, cap=16_000), pool=UNKNOWN))
    asked = desk.ask(request(1_000, cap=16_000), pool=UNKNOWN)

    def answer() -> None:
        first.admitted(CallAdmitted(rates=Rates(limits={"tokens": 40_000.0}, remaining={"tokens": 23_000.0})))

    desk.store.then = answer
    _, second = await desk.reserve(asked)
    assert second.request.max_output_tokens == 1_024
    assert (second.reserved.input, second.reserved.output) == (1_050, 1_024)


async def test_what_a_gateway_does_not_keep_is_not_counted_on(desk: Desk) -> None:
    """Only the instructions were kept: of the rest nothing is taken to be cached."""
    first = request(9_000, texts=("a",), capabilities=replace(MARKED, cache_minimum=500))
    await desk.call(first, usage=Usage(input_tokens=9_000, output_tokens=10, cache_write_tokens=1_000))
    second = request(17_000, texts=("a", "b"), capabilities=replace(MARKED, cache_minimum=500))
    _, grant = await desk.reserve(desk.ask(second))
    assert grant.reserved.input == pytest.approx(16_000, rel=0.06)
