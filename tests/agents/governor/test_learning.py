"""What the provider says is believed: at once where it is less, with slack where it is more."""

from __future__ import annotations

import pytest

from agents.governor.core import Claim, PoolCore
from agents.governor.learning import Headers, Throttle, first_byte, recover, throttled
from agents.governor.limits import Dimension, PoolLimits
from tests.agents.governor.pools import LIMITS, ask, core, cost, granted, waiting


def headers(*, remaining: float, limit: float = 40_000, **more: float) -> Headers:
    names: dict[Dimension, float] = {"input": limit, "requests": 50.0, "output": 8_000.0}
    left: dict[Dimension, float] = {"input": remaining, "requests": more.get("requests", 50.0)}
    return Headers(limits=names, remaining=left | {"output": more.get("output", 8_000.0)})


def level(pool: PoolCore, name: Dimension = "input") -> float:
    return pool.state.buckets[name].level


class TestLimits:
    def test_a_smaller_limit_holds_from_the_first_answer_on(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=100)
        first_byte(pool, 0.1, lease="a", counted={}, headers=headers(remaining=29_000, limit=30_000))
        assert pool.state.buckets["input"].rate == 500.0
        assert level(pool) <= 29_000 + 0.1 * 500

    def test_a_larger_limit_too(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=39_000)
        first_byte(pool, 0.1, lease="a", counted={}, headers=headers(remaining=40_000, limit=80_000))
        assert pool.state.buckets["input"].rate == pytest.approx(80_000 / 60)
        assert level(pool) == pytest.approx(40_000 + 0.1 * 80_000 / 60 - (500 + 800))

    def test_nonsense_is_passed_over(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=1_000)
        told = Headers(limits={"input": 0.0, "tokens": 5.0}, remaining={"tokens": -1.0, "requests": -1.0})
        first_byte(pool, 0.1, lease="a", counted={}, headers=told)
        assert pool.state.buckets["input"].rate == pytest.approx(40_000 / 60)
        assert level(pool, "requests") == pytest.approx(1.0 + 0.1 * 50 / 60)  # -1 counts as none left


class TestLevels:
    def test_what_others_took_is_missing_here_too_and_is_expected_again(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=1_000)
        first_byte(pool, 0.5, lease="a", counted={}, headers=headers(remaining=20_000))
        assert level(pool) == pytest.approx(20_000 + 0.5 * 40_000 / 60)
        assert pool.state.epoch == 1
        ask(pool, 11.0, "b", tokens=1_000)
        first_byte(pool, 11.5, lease="b", counted={}, headers=headers(remaining=15_000))
        assert 0 < pool.state.buckets["input"].foreign <= 0.8 * 40_000 / 60

    def test_what_it_leaves_uncorrected_is_kept_in_hand(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=30_000)
        behind = 850.0  # The call came so late that the provider's bucket was full meanwhile.
        there = level(pool) - behind + 0.5 * 40_000 / 60
        first_byte(pool, 0.5, lease="a", counted={}, headers=headers(remaining=there - 0.5 * 40_000 / 60))
        assert level(pool) > there, "so little may be rounding"
        assert not granted(ask(pool, 0.5, "b", tokens=there + 1))
        assert granted(ask(pool, 0.5 + 2 * 60 / 40, "b", tokens=there + 1)), "the provider has it by now"

    def test_a_refund_from_before_a_correction_is_void(self) -> None:
        pool = core()
        ask(pool, 0.0, "old", tokens=10_000)
        ask(pool, 1.0, "new", tokens=1_000)
        first_byte(pool, 1.0, lease="new", counted={}, headers=headers(remaining=5_000))
        corrected = level(pool)
        pool.done(1.0, lease="old", counted={"input": 1.0})
        assert level(pool) == corrected

    def test_rounding_and_what_is_on_its_way_move_nothing(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=10_000)
        ask(pool, 0.05, "b", tokens=10_000)
        before = level(pool)
        first_byte(pool, 0.05, lease="b", counted={}, headers=headers(remaining=30_000))
        assert level(pool) == before
        assert pool.state.epoch == 0

    def test_tokens_of_dead_workers_come_back_with_slack(self) -> None:
        pool = core()
        ask(pool, 0.0, "dead", tokens=30_000)
        ask(pool, 1.0, "b", tokens=1_000)
        first_byte(pool, 1.0, lease="b", counted={}, headers=headers(remaining=39_000))
        assert level(pool) == pytest.approx(39_000 - 900)

    def test_a_level_of_requests_is_only_lowered(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=10)
        there = level(pool, "requests")
        first_byte(pool, 0.0, lease="a", counted={}, headers=headers(remaining=40_000, requests=49.0))
        assert level(pool, "requests") == there
        ask(pool, 0.0, "b", tokens=10)
        first_byte(pool, 0.0, lease="b", counted={}, headers=headers(remaining=40_000, requests=1.0))
        assert level(pool, "requests") == 2.0


class TestRefusals:
    def test_it_goes_to_the_front_and_is_affordable_when_the_provider_says(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=20_000)
        waiting(ask(pool, 0.0, "b", user="bob", tokens=39_000))
        hit = Throttle(dimension="input", retry_after=7.0, headers=headers(remaining=0))
        throttled(pool, 0.2, lease="a", hit=hit)
        for now in range(1, 7):
            wait = waiting(ask(pool, float(now), "a", tokens=20_000))
            assert wait.position == 0
            assert now + wait.seconds == pytest.approx(7.2 + 0.025 * 39_900 / (40_000 / 60), abs=0.01)
        assert granted(ask(pool, 8.8, "a", tokens=20_000))

    def test_it_took_nothing(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=20_000)
        throttled(pool, 0.0, lease="a", hit=Throttle(dimension="requests", retry_after=0.0, headers=None))
        assert level(pool) == pytest.approx(40_000 / 60 * 59.85)

    def test_one_refusal_while_there_was_room_teaches_nothing_two_teach_that_the_cache_does_not_count(self) -> None:
        pool = core()
        hit = Throttle(dimension="input", retry_after=1.0, headers=headers(remaining=20_000))
        for times, learnt in ((1, False), (2, True)):
            claim = Claim(user="ann", cost=cost(1_000), cached=9_000.0, again=times > 1)
            assert granted(pool.acquire(times * 10.0, lease="a", claim=claim))
            throttled(pool, times * 10.0, lease="a", hit=hit)
            assert pool.state.whole_prompts is learnt

    def test_a_level_that_was_never_seen_is_no_longer_believed_in(self) -> None:
        pool = core()
        for now in (0.0, 5.0):
            ask(pool, now, "a", tokens=1_000)
            first_byte(pool, now, lease="a", counted={}, headers=headers(remaining=9_000))
            pool.done(now, lease="a", counted=cost(1_000))
        pool.pass_time(100.0)
        ask(pool, 100.0, "b", tokens=20_000)
        throttled(
            pool, 100.0, lease="b", hit=Throttle(dimension="input", retry_after=1.0, headers=headers(remaining=0))
        )
        assert pool.state.buckets["input"].capacity == pytest.approx(11_000, rel=0.01)
        # What is larger than what was learnt, but not than what is allowed, is tried with a full bucket.
        assert granted(ask(pool, 103.0, "b", tokens=20_000))

    def test_requests_that_come_too_fast_come_slower(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=10)
        throttled(
            pool, 0.0, lease="a", hit=Throttle(dimension="requests", retry_after=1.0, headers=headers(remaining=1))
        )
        assert pool.state.buckets["requests"].burst == pytest.approx(0.7 * 6)

    def test_without_a_word_it_is_guessed_once_for_a_burst_and_comes_back(self) -> None:
        pool = core()
        for lease in "ab":
            ask(pool, 0.0, lease, tokens=100)
        for lease in "ab":
            throttled(pool, 0.1, lease=lease, hit=Throttle(dimension="input"))
        assert pool.state.buckets["input"].burst == pytest.approx(0.7 * 59.85)
        recover(pool, 0.1 + 60 * 100)
        assert pool.state.buckets["input"].burst == LIMITS.burst("input")
        assert pool.state.cut_at == {}

    def test_a_dimension_that_the_pool_does_not_have_is_its_input(self) -> None:
        pool = core(PoolLimits(per_minute={"tokens": 30_000.0}))
        claim = Claim(user="ann", cost={"tokens": 10_000.0})
        assert granted(pool.acquire(0.0, lease="a", claim=claim))
        throttled(pool, 0.0, lease="a", hit=Throttle(dimension="output", retry_after=4.0))
        wait = waiting(pool.acquire(0.0, lease="a", claim=claim))
        assert wait.seconds == pytest.approx(4.0 + 0.025 * 20_872.5 / 500)

    def test_what_is_not_known_is_passed_over(self) -> None:
        pool = core()
        before = pool.state.to_dict()
        throttled(pool, 0.0, lease="nobody", hit=Throttle())
        first_byte(pool, 0.0, lease="nobody", counted={"input": 5.0}, headers=headers(remaining=0))
        pool.done(0.0, lease="nobody", counted={"input": 5.0})
        pool.cancel(0.0, lease="nobody")
        assert pool.state.to_dict() == before
