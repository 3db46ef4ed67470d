"""What a rate pool grants, and in which order."""

from __future__ import annotations

import math
from dataclasses import replace

import orjson
import pytest

from agents.governor.calendar import LEAD
from agents.governor.core import LEASE_SECONDS, SILENT_SECONDS, Claim, Closed, Granted, PoolCore, Refused
from agents.governor.learning import first_byte
from agents.governor.limits import LAG, PoolLimits
from agents.governor.state import PoolState
from tests.agents.governor.pools import LIMITS, Caller, Crowd, ask, core, cost, granted, waiting

INPUT = 40_000 / 60 * (60 - LAG)
"""What the mirror of the input bucket holds."""


class TestGranting:
    def test_what_is_there_is_granted_at_once_and_taken(self) -> None:
        pool = core()
        verdict = ask(pool, 0.0, "a", tokens=30_000)
        assert verdict == Granted(cost=cost(30_000))
        assert pool.state.buckets["input"].level == pytest.approx(INPUT - 30_000)
        assert ask(pool, 0.0, "a", tokens=30_000) == verdict
        assert pool.state.buckets["input"].level == pytest.approx(INPUT - 30_000)

    def test_what_is_not_there_waits_just_as_long_as_it_takes(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=30_000)
        first_byte(pool, 0.0, lease="a", counted={}, headers=None)
        wait = waiting(ask(pool, 0.0, "b", tokens=20_000))
        missing = 20_000 + 0.025 * INPUT - (INPUT - 30_000)
        assert wait.seconds == pytest.approx(missing / (40_000 / 60))
        assert (wait.position, wait.dimension) == (0, "input")
        assert wait.limit == pytest.approx(40_000), "by the minute, as it is told, whatever the bucket holds"
        assert wait.used == pytest.approx(40_000 - (INPUT - 30_000))
        for now in range(1, int(wait.seconds) + 1):
            waiting(ask(pool, float(now), "b", tokens=20_000))
        assert granted(ask(pool, wait.seconds + 0.01, "b", tokens=20_000))

    def test_a_call_that_is_larger_than_the_bucket_is_refused_before_it_queues(self) -> None:
        pool = core()
        verdict = ask(pool, 0.0, "a", tokens=45_000)
        assert isinstance(verdict, Refused)
        assert (verdict.dimension, verdict.needed) == ("input", 45_000)
        assert verdict.capacity == pytest.approx(INPUT)
        assert not pool.state.waiting
        assert pool.state.finish == {}

    def test_a_reply_that_is_larger_than_the_bucket_is_a_debt(self) -> None:
        pool = core()
        assert granted(pool.acquire(0.0, lease="a", claim=Claim(user="ann", cost=cost(10, output=100_000))))
        pool.done(1.0, lease="a", counted={"output": 9_000.0})
        assert pool.state.buckets["output"].level < 0

    def test_calls_in_flight_are_counted(self) -> None:
        pool = core(replace(LIMITS, concurrency=1))
        assert granted(ask(pool, 0.0, "a", tokens=10))
        assert waiting(ask(pool, 0.0, "b", tokens=10)).dimension is None
        pool.done(1.0, lease="a", counted={})
        assert granted(ask(pool, 1.0, "b", tokens=10))

    def test_a_closed_pool_says_why_and_opens_by_itself(self) -> None:
        pool = core()
        pool.state.closed, pool.state.closed_until = "spend limit", 50.0
        assert ask(pool, 0.0, "a") == Closed(reason="spend limit", until=50.0)
        assert granted(ask(pool, 50.0, "a"))
        pool.state.closed, pool.state.closed_until = "spend limit", None
        assert ask(pool, 1e9, "b") == Closed(reason="spend limit", until=None)


class TestOrder:
    def test_a_running_turn_goes_before_new_ones(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", tokens=39_000)
        waiting(ask(pool, 0.0, "new", user="bob", tokens=20_000))
        assert waiting(ask(pool, 0.0, "running", user="cid", tokens=20_000, continuing=True)).position == 0
        assert waiting(ask(pool, 0.0, "new", user="bob", tokens=20_000)).position == 1

    def test_nobody_overtakes_the_head(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", tokens=30_000)
        waiting(ask(pool, 0.0, "big", user="bob", tokens=20_000))
        assert waiting(ask(pool, 0.0, "small", user="cid", tokens=10)).position == 1

    def test_who_has_twelve_chats_waits_behind_who_has_one(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", user="zoe", tokens=39_000)
        for number in range(12):
            waiting(ask(pool, 0.0, f"heavy-{number}", user="heavy", tokens=5_000))
        charge = 5_000 / (40_000 / 60)
        kept = math.ceil((charge + LEAD) / charge)
        assert kept <= 3
        assert waiting(ask(pool, 0.0, "light", user="light", tokens=5_000)).position == kept

    def test_a_call_that_was_refused_goes_to_the_front(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", tokens=39_000)
        waiting(ask(pool, 0.0, "running", tokens=9_000, continuing=True))
        again = Claim(user="bob", cost=cost(9_000), again=True)
        assert waiting(pool.acquire(0.0, lease="again", claim=again)).position == 0

    def test_all_that_a_running_turn_takes_moves_the_next_of_its_user_back(self) -> None:
        pool = core()
        for number in range(3):
            assert granted(ask(pool, 0.0, f"greedy-{number}", user="greedy", tokens=10_000, continuing=number > 0))
        for lease in ("light", "greedy"):
            waiting(ask(pool, 0.0, lease, user=lease, tokens=20_000))
        behind = pool.state.waiting["greedy"].score - pool.state.waiting["light"].score
        assert behind == pytest.approx(30_000 / (40_000 / 60))

    def test_running_turns_calls_go_in_the_order_in_which_they_came(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", user="zoe", tokens=39_000)
        for number, user in enumerate(("ann", "ann", "bob")):
            waiting(ask(pool, 1.0 + number, f"running-{number}", user=user, tokens=9_000, continuing=True))
        places = [ask(pool, 4.0, f"running-{n}", tokens=9_000, continuing=True) for n in range(3)]
        assert [waiting(place).position for place in places] == [0, 1, 2]

    def test_what_a_turn_really_took_is_what_its_user_pays(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=30_000)
        dear = pool.state.finish["ann"]
        pool.done(0.0, lease="a", counted=cost(300, output=10))
        assert pool.state.finish.get("ann", 0.0) < dear / 10


class TestTheDead:
    def test_a_waiter_that_asks_no_more_is_forgotten(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", tokens=39_000)
        waiting(ask(pool, 0.0, "dead", user="bob", tokens=39_000))
        now = SILENT_SECONDS + 1
        assert waiting(ask(pool, now, "alive", user="cid", tokens=30_000)).position == 0
        assert "bob" not in pool.state.finish

    def test_a_grant_that_nobody_picks_up_is_given_back(self) -> None:
        pool = core()
        ask(pool, 0.0, "first", tokens=39_000)
        waiting(ask(pool, 0.0, "dead", user="bob", tokens=20_000))
        pool.done(1.0, lease="first", counted=cost(0))
        assert pool.granted == ["dead"]
        level = pool.state.buckets["input"].level
        pool.pass_time(1.0 + SILENT_SECONDS + 0.5)
        assert pool.state.held == {}
        assert pool.state.buckets["input"].level > level + 19_000

    def test_a_lost_workers_slot_is_free_after_its_lease(self) -> None:
        pool = core(replace(LIMITS, concurrency=1))
        ask(pool, 0.0, "lost", tokens=10)
        assert not granted(ask(pool, LEASE_SECONDS - 1, "b", tokens=10))
        assert granted(ask(pool, LEASE_SECONDS + 1, "b", tokens=10))
        pool.done(LEASE_SECONDS + 2, lease="lost", counted=cost(10))  # too late: nothing happens twice
        assert pool.state.buckets["input"].level <= INPUT

    def test_time_never_runs_backwards(self) -> None:
        pool = core()
        ask(pool, 100.0, "a", tokens=30_000)
        level = pool.state.buckets["input"].level
        ask(pool, 50.0, "b", user="bob", tokens=30_000)
        assert pool.state.at == 100.0
        assert pool.state.buckets["input"].level == level


def test_everyone_who_keeps_asking_is_served() -> None:
    crowd = Crowd(pool=core())
    users = [f"user-{number}" for number in range(8)]
    for now in range(1_200):
        if now < 600:
            # A stream of running turns, that always go first, and one new turn of each user now and then.
            crowd.callers.append(Caller(lease=f"r{now}", user=users[now % 8], tokens=900, since=now, continuing=True))
            if now % 60 == 0:
                crowd.callers += [Caller(lease=f"n{now}{user}", user=user, tokens=2_000, since=now) for user in users]
        crowd.tick(float(now))
    assert crowd.callers == []
    assert len(crowd.served) == 600 + 80


def test_a_state_is_plain_values_and_reads_back() -> None:
    pool = core()
    ask(pool, 0.0, "a", tokens=39_000)
    ask(pool, 0.0, "b", user="bob", tokens=39_000)
    again = PoolState.from_dict(pool.state.to_dict())
    assert again == pool.state
    assert again.to_dict() == pool.state.to_dict()
    assert orjson.loads(pool.state.to_json()) == pool.state.to_dict()
    assert PoolState.from_json(pool.state.to_json()) == pool.state


def test_a_pool_that_counts_both_together() -> None:
    pool = core(PoolLimits(per_minute={"tokens": 30_000.0}))
    claim = Claim(user="ann", cost={"requests": 1.0, "tokens": 20_000.0})
    assert granted(pool.acquire(0.0, lease="a", claim=claim))
    wait = waiting(pool.acquire(0.0, lease="b", claim=claim))
    assert (wait.dimension, wait.position) == ("tokens", 0)


class TestWhatAnAdminChanges:
    def test_is_in_force_at_once_and_what_was_used_stays_used(self) -> None:
        pool = core()
        ask(pool, 0.0, "a", tokens=10_000)
        doubled = replace(LIMITS, per_minute={**LIMITS.per_minute, "input": 80_000.0})
        changed = PoolCore(limits=doubled, state=pool.state)
        bucket = changed.state.buckets["input"]
        assert bucket.capacity - bucket.level == pytest.approx(10_000)
        assert bucket.rate == pytest.approx(80_000 / 60)

    def test_leaves_alone_what_was_learnt_of_the_rest(self) -> None:
        pool = core()
        pool.state.buckets["output"].rate = 50.0
        doubled = replace(LIMITS, per_minute={**LIMITS.per_minute, "input": 80_000.0})
        assert PoolCore(limits=doubled, state=pool.state).state.buckets["output"].rate == 50.0

    def test_takes_a_dimension_away(self) -> None:
        pool = core()
        fewer = replace(LIMITS, per_minute={"requests": 50.0})
        assert set(PoolCore(limits=fewer, state=pool.state).state.buckets) == {"requests"}


class TestNothingKnownOfTheLimits:
    def test_one_call_at_a_time_until_one_is_answered(self) -> None:
        pool = core(PoolLimits(per_minute={}))
        assert granted(ask(pool, 0.0, "a"))
        assert not granted(ask(pool, 0.0, "b"))
        pool.state.answered = True
        assert granted(ask(pool, 0.0, "b"))

    def test_a_call_that_was_never_answered_makes_place(self) -> None:
        pool = core(PoolLimits(per_minute={}))
        ask(pool, 0.0, "a")
        assert not granted(ask(pool, 0.0, "b"))
        pool.done(1.0, lease="a", counted={})
        assert granted(ask(pool, 1.0, "b"))
