"""Both kinds of limits, with a clock of the test."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sandbox.claude_models import OWN as CLAUDE
from agents.sandbox.gpt_models import OWN as GPT
from agents.sandbox.limits import Admission, Demand, Halt, Refusal
from agents.sandbox.models import ServedModel
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Overload, Pool, Ramp
from agents.sandbox.served import find_model
from agents.sandbox.tally import Tally
from tests.agents.sandbox.rates.clock import Clock

ANTHROPIC = AnthropicPool(name="a", models=("*",), requests=50, input_tokens=40_000, output_tokens=8_000)
OPENAI = OpenAIPool(name="o", models=("*",), requests=50, tokens=40_000)


class World:
    """One account, "me", in front of `pools`."""

    def __init__(self, *pools: Pool, time_scale: float = 1.0) -> None:
        self.clock = Clock()
        self.model: ServedModel = CLAUDE if pools[0].vendor == "anthropic" else GPT
        self.limits = EnforcedLimits(pools, clock=self.clock, time_scale=time_scale)

    def ask(self, tokens: int, *, cached: int = 0, cap: int | None = None, account: str = "me") -> Admission:
        demand = Demand(input_tokens=tokens, cached_tokens=cached, cap=cap)
        return self.limits.admit(account=account, model=self.model, demand=demand)

    def refused(self, tokens: int, *, cached: int = 0, cap: int | None = None) -> Refusal:
        refusal = self.ask(tokens, cached=cached, cap=cap).refusal
        assert isinstance(refusal, Refusal)
        return refusal

    def halted(self) -> Halt:
        halt = self.ask(1).refusal
        assert isinstance(halt, Halt)
        return halt

    def admitted(self, tokens: int, *, cached: int = 0, cap: int | None = None) -> None:
        assert self.ask(tokens, cached=cached, cap=cap).refusal is None

    def say(self, tokens: int) -> None:
        self.limits.produced(account="me", model=self.model, output_tokens=tokens)

    @property
    def tally(self) -> Tally:
        return self.limits.report(account="me")[0].tally

    @property
    def remaining(self) -> dict[str, int]:
        return dict(self.limits.report(account="me")[0].remaining)


def test_anthropic_counts_what_the_cache_does_not_give() -> None:
    world = World(ANTHROPIC)
    world.admitted(39_000, cached=30_000)
    assert world.remaining == {"requests": 49, "input_tokens": 31_000, "output_tokens": 8_000}
    refusal = world.refused(31_001)
    assert (refusal.level.dimension, refusal.requested) == ("input_tokens", 31_001)
    assert refusal.retry_after == pytest.approx(1 / 40_000 * 60)
    world.admitted(130_000, cached=99_000)


def test_a_pool_may_count_cached_input() -> None:
    world = World(replace(ANTHROPIC, count_cached_input=True))
    world.admitted(39_000, cached=30_000)
    assert world.remaining["input_tokens"] == 1_000


def test_anthropic_takes_output_as_it_is_generated_whatever_the_cap() -> None:
    world = World(ANTHROPIC)
    world.admitted(1, cap=64_000)
    world.say(7_999)
    world.admitted(1, cap=64_000)
    world.say(2_001)
    refusal = world.refused(1)
    assert (refusal.level.dimension, refusal.level.remaining, refusal.requested) == ("output_tokens", -2_000, 1)
    world.clock.pass_(refusal.retry_after - 0.001)
    assert world.refused(1).level.dimension == "output_tokens"
    world.clock.pass_(0.001)
    world.admitted(1)


def test_anthropic_takes_nothing_for_what_it_refuses() -> None:
    world = World(ANTHROPIC)
    before = world.remaining
    world.refused(40_001)
    world.limits.failed(account="me", model=world.model)
    assert world.remaining == before


def test_anthropic_never_says_never() -> None:
    refusal = World(ANTHROPIC).refused(60_000)
    assert (refusal.never_fits, refusal.retry_after) == (False, 30)


@pytest.mark.parametrize(("pool", "taken"), [(OPENAI, 1_500), (replace(OPENAI, charge="max"), 1_000)])
def test_openai_takes_the_cap_at_once_and_gives_nothing_back(pool: OpenAIPool, taken: int) -> None:
    world = World(pool)
    world.admitted(500, cached=400, cap=1_000)
    world.say(3)
    assert world.remaining == {"requests": 49, "tokens": 40_000 - taken}


def test_openai_takes_the_input_alone_where_no_cap_is_named() -> None:
    world = World(OPENAI)
    world.admitted(500)
    world.say(900)
    assert world.remaining["tokens"] == 39_500


def test_openai_admits_what_just_fits_and_tells_its_wait() -> None:
    world = World(replace(OPENAI, tokens=30_000))
    world.admitted(14_567)
    refusal = world.refused(20_000, cap=4_754)
    assert (refusal.requested, refusal.level.remaining) == (24_754, 15_433)
    assert refusal.retry_after == pytest.approx(18.642)
    world.admitted(15_433)


def test_openai_tells_what_can_never_fit() -> None:
    world = World(OPENAI)
    world.admitted(40_000)
    assert world.refused(10_000, cap=30_001).never_fits
    assert not world.refused(10_000, cap=30_000).never_fits
    assert world.tally.refused == {"too_large": 1, "tokens": 1}


def test_openai_counts_failed_requests_too() -> None:
    world = World(replace(OPENAI, requests=4))
    world.refused(40_001)
    levels = world.limits.failed(account="me", model=world.model)
    assert [level.remaining for level in levels] == [2, 40_000]
    world.admitted(1)
    world.admitted(1)
    assert [world.refused(1).level.dimension for _ in range(9)] == ["requests"] * 9
    world.clock.pass_(15)
    world.admitted(1)


def test_the_longest_wait_is_the_one_that_is_told() -> None:
    world = World(replace(ANTHROPIC, requests=1))
    world.admitted(40_000)
    assert world.refused(20_000).level.dimension == "requests"
    assert world.refused(20_000).retry_after == 60
    world.say(20_000)
    assert world.refused(20_000).level.dimension == "output_tokens"


def test_a_full_bucket_lets_a_minutes_requests_in_at_once() -> None:
    world = World(replace(ANTHROPIC, requests=60))
    assert [world.ask(1).refusal for _ in range(60)] == [None] * 60
    assert world.refused(1).retry_after == 1


@pytest.mark.parametrize("pool", [replace(ANTHROPIC, requests=60), replace(OPENAI, requests=60)])
def test_spaced_requests_come_one_a_second(pool: Pool) -> None:
    world = World(replace(pool, spaced_requests=True))
    for _ in range(3):
        world.admitted(1)
        assert world.refused(1).retry_after == 1
        world.clock.pass_(1)
    world.clock.pass_(600)
    world.admitted(1)
    world.refused(1)


def test_short_bursts_can_be_refused() -> None:
    world = World(replace(ANTHROPIC, requests=6, burst_seconds=6))
    assert world.remaining == {"requests": 1, "input_tokens": 4_000, "output_tokens": 800}
    world.admitted(4_000)
    world.clock.pass_(3)
    assert world.refused(2_001).level.dimension == "requests"
    world.clock.pass_(7)
    assert world.refused(4_001).level.dimension == "input_tokens"
    world.admitted(4_000)


def test_a_spend_cap_ends_it_for_good() -> None:
    for pool in (ANTHROPIC, OPENAI):
        world = World(replace(pool, spend_cap=1_000))
        world.admitted(600, cached=500)
        world.say(399)
        world.admitted(1)
        world.limits.report(account="me", reset=True)
        world.clock.pass_(86_400)
        assert world.halted() == Halt(fault="spend_limit")
        assert world.tally.refused == {"spend": 1}
        assert world.ask(1, account="you").refusal is None


def test_a_rise_from_a_cold_start_can_be_too_sharp() -> None:
    world = World(replace(OPENAI, ramp=Ramp(free=1_000)))
    world.admitted(900, cap=100)
    assert world.halted() == Halt(fault="ramp_limit", retry_after=60)
    assert world.tally.refused == {"ramp": 1}
    world.clock.pass_(60)
    world.admitted(1_000)


def test_every_nth_request_meets_an_overloaded_provider() -> None:
    for pool, fault in ((ANTHROPIC, "error_529"), (OPENAI, "error_503")):
        world = World(replace(pool, overload=Overload(every=3)))
        told = [world.ask(1).refusal for _ in range(7)]
        assert told == [None, None, Halt(fault=fault), None, None, Halt(fault=fault), None]  # type: ignore[arg-type]
        assert (world.tally.admitted, world.tally.overloaded, world.tally.rate_limited) == (5, 2, 0)


def test_overload_by_chance_is_the_same_for_the_same_seed() -> None:
    def fates(seed: int) -> list[bool]:
        world = World(AnthropicPool(name="a", models=("*",), overload=Overload(chance=0.3, seed=seed)))
        return [world.ask(1).refusal is not None for _ in range(400)]

    assert fates(7) == fates(7) != fates(8)
    assert 80 < sum(fates(7)) < 160


def test_a_scaled_minute_shortens_what_is_told_and_not_the_limits() -> None:
    world = World(ANTHROPIC, time_scale=60)
    levels = world.ask(40_000).levels
    assert [(level.limit, level.full_in) for level in levels[:2]] == [(50, pytest.approx(0.02)), (40_000, 1)]
    assert world.refused(20_000).retry_after == 0.5
    world.clock.pass_(0.5)
    world.admitted(20_000)


def test_anthropic_tells_its_tokens_together_too() -> None:
    world = World(ANTHROPIC)
    world.admitted(20_000)
    world.say(9_000)
    together = world.ask(1).refusal
    assert isinstance(together, Refusal)
    level = world.limits.failed(account="me", model=CLAUDE)[-1]
    assert (level.dimension, level.limit, level.remaining) == ("tokens", 48_000, 20_000)
    assert level.full_in == pytest.approx(67.5)


def test_a_dimension_without_a_limit_is_neither_held_nor_told() -> None:
    world = World(AnthropicPool(name="a", models=("*",), requests=50))
    assert [level.dimension for level in world.ask(10_000_000).levels] == ["requests"]
    world.say(10_000_000)
    world.admitted(1)


def test_models_share_their_pool_and_the_first_that_fits_is_theirs() -> None:
    sonnet, haiku = (find_model(vendor="anthropic", model_id=f"claude-{name}-4-5") for name in ("sonnet", "haiku"))
    assert sonnet is not None
    assert haiku is not None
    pools = (replace(ANTHROPIC, name="four", models=("claude-*-4-5",)), replace(ANTHROPIC, models=("claude-*",)))
    world = World(*pools)
    for model in (sonnet, haiku):
        world.limits.admit(account="me", model=model, demand=Demand(input_tokens=10_000))
    world.admitted(10_000_000)
    assert [report.tally.input_tokens for report in world.limits.report(account="me")] == [20_000, 0]


def test_a_pool_is_of_one_vendor() -> None:
    world = World(OPENAI)
    world.model = CLAUDE
    assert world.ask(10_000_000) == Admission()
    world.say(5)
    assert world.limits.failed(account="me", model=CLAUDE) == ()
    assert world.tally == Tally()


def test_accounts_do_not_share_a_bucket() -> None:
    world = World(ANTHROPIC)
    assert world.ask(40_000).refusal is None
    assert world.ask(40_000, account="you").refusal is None
    assert world.ask(40_000, account="you").refusal is not None


def test_the_judge_counts_each_request_once() -> None:
    world = World(ANTHROPIC)
    world.admitted(30_000, cached=10_000)
    world.say(700)
    world.refused(20_001)
    world.limits.failed(account="me", model=CLAUDE)
    world.clock.pass_(30)
    world.admitted(100)
    tally = world.tally
    assert (tally.admitted, tally.rate_limited, tally.failed, tally.overloaded) == (2, 1, 1, 0)
    assert (tally.input_tokens, tally.cached_tokens, tally.charged_tokens) == (30_100, 10_000, 20_100)
    assert (tally.output_tokens, tally.refused) == (700, {"input_tokens": 1})
    assert tally.highest_use == {"requests": 1, "input_tokens": 20_000, "output_tokens": 700}


def test_a_reset_tells_the_counters_once_more_and_leaves_the_buckets() -> None:
    world = World(ANTHROPIC)
    world.admitted(30_000)
    old = world.limits.report(account="me", reset=True)[0]
    assert (old.tally.admitted, world.tally) == (1, Tally())
    assert world.remaining["input_tokens"] == 10_000


def test_the_judge_is_exact_for_many_threads() -> None:
    world = World(replace(ANTHROPIC, input_tokens=500, requests=None))
    with ThreadPoolExecutor(8) as threads:
        admitted = sum(threads.map(lambda _: world.ask(1).refusal is None, range(2_000)))
    tally = world.tally
    assert admitted == tally.admitted == tally.input_tokens == 500
    assert tally.rate_limited == 1_500


STEPS = st.lists(st.tuples(st.floats(0, 40), st.integers(1, 45_000), st.integers(0, 20_000)), max_size=40)
POOLS = st.sampled_from(
    [
        ANTHROPIC,
        replace(ANTHROPIC, burst_seconds=20.0),
        replace(ANTHROPIC, spaced_requests=True, count_cached_input=True),
        OPENAI,
        replace(OPENAI, charge="max", requests=7),
    ]
)


@given(pool=POOLS, steps=STEPS, scale=st.sampled_from([1.0, 60.0]))
def test_no_window_holds_more_than_a_full_bucket_and_its_refill(
    pool: Pool, steps: list[tuple[float, int, int]], scale: float
) -> None:
    world = World(pool, time_scale=scale)
    begun: list[tuple[float, Demand]] = []
    for seconds, tokens, second in steps:
        world.clock.pass_(seconds / scale)
        demand = Demand(input_tokens=tokens, cached_tokens=min(tokens, second), cap=second or None)
        if world.ask(tokens, cached=demand.cached_tokens, cap=demand.cap).refusal is None:
            begun.append((world.clock.now, demand))
    tally = world.tally
    assert (tally.admitted, tally.admitted + tally.rate_limited) == (len(begun), len(steps))
    for dimension, limit in pool.limits.items():
        if dimension == "output_tokens":
            continue
        for first, (start, _) in enumerate(begun):
            total = 0
            for time, demand in begun[first:]:
                total += pool.takes(demand)[dimension]
                assert total <= pool.capacity(dimension) + limit / 60 * scale * (time - start) + 0.01


@given(pool=POOLS, steps=STEPS)
def test_whoever_waits_as_long_as_told_is_admitted(pool: Pool, steps: list[tuple[float, int, int]]) -> None:
    world = World(pool)
    for seconds, tokens, output in steps:
        world.clock.pass_(seconds)
        fitting = min(tokens, int(pool.capacity("input_tokens" if pool.vendor == "anthropic" else "tokens")))
        refusal = world.ask(fitting).refusal
        if refusal is not None:
            assert isinstance(refusal, Refusal)
            world.clock.pass_(refusal.retry_after)
            world.admitted(fitting)
        world.say(output)
