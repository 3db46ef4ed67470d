"""The moments that new turns are promised: kept, shared fairly, and never later than anybody needs."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.governor.calendar import FULL, LEAD, reserve
from agents.governor.core import Claim, PoolCore
from agents.governor.learning import first_byte
from tests.agents.governor.pools import ask, core, cost, granted, waiting

REFILL = 40_000 / 60
"""Input tokens a second."""


def crowded(*, follow_up: float = 0.0) -> PoolCore:
    """Zoe's call is under way and has left nearly nothing; a turn takes `follow_up` input tokens after its first."""
    pool = core()
    assert granted(ask(pool, 0.0, "first", user="zoe", tokens=37_000))
    first_byte(pool, 0.0, lease="first", counted={}, headers=None)
    taught(pool, follow_up)
    return pool


def taught(pool: PoolCore, follow_up: float) -> None:
    pool.state.experience.turns, pool.state.experience.followed = 10.0, {"input": 10.0 * follow_up}


def due(pool: PoolCore, lease: str) -> float:
    return pool.state.waiting[lease].due


class TestAPromise:
    def test_is_kept_when_others_come_later(self) -> None:
        pool = crowded(follow_up=5_000)
        told = waiting(ask(pool, 0.0, "a", tokens=10_000)).seconds
        for now in range(1, int(told) + 1):
            waiting(ask(pool, float(now), f"later-{now}", user=f"user-{now}", tokens=9_000))
            assert waiting(ask(pool, float(now), "a", tokens=10_000)).seconds == pytest.approx(told - now)
        assert granted(ask(pool, told + 0.01, "a", tokens=10_000))

    def test_is_kept_when_a_running_turn_takes_what_was_kept_for_it(self) -> None:
        pool = crowded(follow_up=9_000)
        told = waiting(ask(pool, 0.0, "a", tokens=5_000)).seconds
        waiting(ask(pool, 1.0, "more", user="zoe", tokens=9_000, continuing=True))
        for now in range(2, int(told) + 1):
            ask(pool, float(now), "more", user="zoe", tokens=9_000, continuing=True)
            waiting(ask(pool, float(now), "a", tokens=5_000))
        assert "more" in pool.state.held
        assert granted(ask(pool, told + 0.01, "a", tokens=5_000))

    def test_of_the_next_leaves_room_for_the_turn_before(self) -> None:
        pool = crowded(follow_up=6_000)
        ask(pool, 0.0, "a", tokens=4_000)
        ask(pool, 0.0, "b", user="bob", tokens=4_000)
        assert due(pool, "b") - due(pool, "a") == pytest.approx((4_000 + 6_000) / REFILL)

    def test_is_no_obstacle_once_nobody_runs(self) -> None:
        pool = crowded(follow_up=20_000)
        waiting(ask(pool, 0.0, "a", tokens=1_000))
        waiting(ask(pool, 0.0, "b", user="bob", tokens=1_000))
        pool.done(0.5, lease="first", counted=cost(30_000))
        assert pool.granted == ["a"]
        waiting(ask(pool, 0.5, "b", user="bob", tokens=1_000))

    def test_is_no_obstacle_where_the_bucket_is_nearly_full(self) -> None:
        pool = crowded(follow_up=30_000)
        assert granted(ask(pool, 0.0, "running", user="bob", tokens=10, continuing=True))
        waiting(ask(pool, 0.0, "a", tokens=1_000))
        pool.lower(0.0, lease="first", dimension="input", needed=39_900 * (1.0 - FULL) + 1_000)
        waiting(ask(pool, 0.0, "a", tokens=1_000))
        pool.lower(0.0, lease="first", dimension="input", needed=39_900 * (1.0 - FULL) - 1_000)
        assert granted(ask(pool, 0.0, "a", tokens=1_000))

    def test_is_earlier_for_a_call_that_was_made_smaller_and_no_later_for_anybody(self) -> None:
        pool = crowded(follow_up=1_000)
        ask(pool, 0.0, "a", tokens=10_000)
        ask(pool, 0.0, "b", user="bob", tokens=10_000)
        before, others = due(pool, "b"), due(pool, "a")
        claim = Claim(user="bob", cost=cost(4_000), shrunk=True)
        pool.acquire(0.0, lease="b", claim=claim)
        assert due(pool, "b") == pytest.approx(before - 6_000 / REFILL)
        assert due(pool, "a") == others


class TestWhoComesLater:
    @pytest.mark.parametrize(("tokens", "fits"), [(6_000, True), (6_001, False)])
    def test_fits_into_a_gap_or_goes_behind(self, tokens: int, fits: bool) -> None:
        pool = crowded(follow_up=1_000)
        for lease in ("a", "b", "c"):
            ask(pool, 0.0, lease, user=lease, tokens=6_000)
        gap, last = due(pool, "b"), due(pool, "c")
        pool.cancel(0.0, lease="b")
        ask(pool, 0.0, "new", user="dan", tokens=tokens)
        assert due(pool, "c") == last
        assert due(pool, "new") == pytest.approx(gap) if fits else due(pool, "new") >= last

    def test_overtakes_who_would_have_more_than_a_lead_before(self) -> None:
        pool = crowded()
        for number in range(6):
            ask(pool, 0.0, f"heavy-{number}", user="heavy", tokens=6_000)
        before = {lease: one.due for lease, one in pool.state.waiting.items()}
        ask(pool, 0.0, "light", user="light", tokens=6_000)
        charge = 6_000 / REFILL
        for number in range(6):
            lease = f"heavy-{number}"
            behind = number * charge >= charge + LEAD
            assert due(pool, lease) >= before[lease] + charge if behind else due(pool, lease) == before[lease]
            assert (due(pool, "light") < due(pool, lease)) == behind

    def test_with_a_warm_prefix_goes_before_who_is_cold_and_has_had_a_little_more(self) -> None:
        def place(*, warm: bool) -> int:
            pool = crowded()
            for number in range(3):
                ask(pool, 0.0, f"cold-{number}", user="bob", tokens=6_000)
            verdict = pool.acquire(0.0, lease="new", claim=Claim(user="ann", cost=cost(6_000), warm=warm))
            return waiting(verdict).position

        assert place(warm=True) < place(warm=False)


class TestTheReserve:
    def test_grows_with_the_turns_that_run_up_to_a_whole_bucket(self) -> None:
        pool = core()
        taught(pool, 9_000)
        kept = [reserve(pool.state, "input")]
        for number in range(6):
            assert granted(ask(pool, 2.0 * number, f"call-{number}", tokens=10, continuing=True))
            kept.append(reserve(pool.state, "input"))
        assert kept == pytest.approx([0.0, 9_000, 18_000, 27_000, 36_000, 39_900, 39_900])

    def test_is_kept_from_new_turns_only(self) -> None:
        pool = crowded()
        pool.lower(0.0, lease="first", dimension="input", needed=20_000)
        taught(pool, 18_000)
        wait = waiting(ask(pool, 0.0, "new", tokens=5_000))
        assert wait.seconds == pytest.approx((5_000 + 18_000 + 0.025 * 39_900 - 19_900) / REFILL)
        assert wait.used == pytest.approx(40_000 - 19_900 + 18_000)
        assert wait.limit == pytest.approx(40_000)
        assert granted(ask(pool, 0.0, "running", user="zoe", tokens=5_000, continuing=True))

    def test_holds_nobody_back_who_is_alone(self) -> None:
        pool = core()
        taught(pool, 90_000)
        for turn in range(3):
            for call in range(4):
                now, lease = 100.0 * turn + call, f"{turn}-{call}"
                assert granted(ask(pool, now, lease, tokens=9_000, continuing=call > 0)), lease
                pool.done(now + 0.5, lease=lease, counted=cost(9_000))

    def test_is_learnt_from_what_turns_take_after_their_first_calls(self) -> None:
        pool = core()
        for turn in range(30):
            for call, tokens in enumerate((5_000, 2_000, 1_000)):
                now = 60.0 * turn + call
                assert granted(ask(pool, now, f"{turn}-{call}", tokens=tokens, continuing=call > 0))
                pool.done(now, lease=f"{turn}-{call}", counted=cost(tokens))
        assert pool.state.experience.follow_up("input") == pytest.approx(3_000)

    def test_is_larger_while_turns_begin_late_and_smaller_while_they_begin_early(self) -> None:
        known = core().state.experience
        known.note_promise(waited=30.0, late=10.0)
        assert known.care > 1.0
        for _ in range(100):
            known.note_promise(waited=30.0, late=-10.0)
        assert known.care == 0.5
        known.note_promise(waited=1.0, late=1.0)
        assert known.care == 0.5, "of a wait that short nothing is learnt"


@dataclass(kw_only=True)
class Turning:
    """A turn of `calls` calls; `asked` of them so far. `until`: when its call in flight ends."""

    name: str
    user: str
    tokens: int
    calls: int
    asked: int = 0
    until: float | None = None

    @property
    def lease(self) -> str:
        return f"{self.name}-{self.asked}"


@dataclass(kw_only=True)
class Team:
    """Turns that ask once a second until they are granted, and whose answers take two."""

    pool: PoolCore = field(default_factory=core)
    turns: list[Turning] = field(default_factory=list)

    def tick(self, now: float) -> None:
        for turn in self.turns:
            if turn.until is not None and turn.until <= now:
                self.pool.done(now, lease=turn.lease, counted=cost(turn.tokens))
                turn.asked, turn.until = turn.asked + 1, None
        self.turns = [turn for turn in self.turns if turn.asked < turn.calls]
        for turn in self.turns:
            if turn.until is None:
                verdict = ask(self.pool, now, turn.lease, user=turn.user, tokens=turn.tokens, continuing=turn.asked > 0)
                turn.until = now + 2.0 if granted(verdict) else None


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 4), st.integers(100, 9_000), st.integers(1, 6)),
    min_size=1,
    max_size=25,
)
"""Turns: seconds after the one before, user, tokens of each call, calls."""


@settings(max_examples=60, deadline=None)
@given(ARRIVALS)
def test_whoever_keeps_asking_is_served(arrivals: list[tuple[int, int, int, int]]) -> None:
    team, now = Team(), 0
    for number, (gap, user, tokens, calls) in enumerate(arrivals):
        for _ in range(gap):
            team.tick(float(now := now + 1))
        team.turns.append(Turning(name=f"turn-{number}", user=f"user-{user}", tokens=tokens, calls=calls))
    needed = sum(calls * (max(tokens / REFILL, 100 / (8_000 / 60), 60 / 50) + 3) for _, _, tokens, calls in arrivals)
    for _ in range(60 + int(needed)):
        team.tick(float(now := now + 1))
    assert team.turns == []
    assert (team.pool.state.held, team.pool.state.waiting) == ({}, {})


@settings(max_examples=100, deadline=None)
@given(ARRIVALS)
def test_only_who_has_had_less_by_a_lead_moves_a_promise(arrivals: list[tuple[int, int, int, int]]) -> None:
    pool = crowded(follow_up=3_000)
    for number, (_, user, tokens, _) in enumerate(arrivals):
        before = {lease: (one.score, one.due) for lease, one in pool.state.waiting.items()}
        ask(pool, 0.0, "new", user=f"user-{user}", tokens=tokens)
        new = pool.state.waiting.pop("new", None)
        if new is None:
            continue
        pool.state.waiting[f"turn-{number}"] = new
        for lease, (score, promised) in before.items():
            if score < new.score + new.charge + LEAD:
                assert pool.state.waiting[lease].due == promised
            else:
                assert pool.state.waiting[lease].due > max(promised, new.due)
