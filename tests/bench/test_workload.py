"""The workload is the same for everybody, and of the sizes that the page about performance tells."""

from __future__ import annotations

from statistics import mean, median

from bench.workload import MOST_STEPS, Lane, make_lanes, served_without_limits

HOUR = 3_600.0


def lanes(*, users: int = 40, seed: int = 7) -> list[Lane]:
    return make_lanes(users=users, seed=seed, seconds=HOUR)


def test_the_same_seed_gives_the_same_turns_and_another_gives_others() -> None:
    assert lanes() == lanes()
    assert lanes() != lanes(seed=8)


def test_a_person_asks_the_same_however_many_others_there_are() -> None:
    assert [lane for lane in lanes(users=40) if lane[0].user < 5] == lanes(users=5)


def test_turns_take_up_to_fifteen_calls_and_only_the_last_returns_nothing() -> None:
    turns = [turn for lane in lanes() for turn in lane]
    assert {len(turn.steps) for turn in turns} == set(range(1, MOST_STEPS + 1))
    assert 3.0 < mean(len(turn.steps) for turn in turns) < 5.0
    assert all([step.result > 0 for step in turn.steps] == [True] * (len(turn.steps) - 1) + [False] for turn in turns)


def test_results_are_mostly_small_and_sometimes_huge() -> None:
    results = [step.result for lane in lanes() for turn in lane for step in turn.steps[:-1]]
    assert 500 < median(results) < 700
    assert 0.005 < mean(result > 15_000 for result in results) < 0.02


def test_names_are_unique_and_turns_of_a_lane_are_in_order() -> None:
    made = lanes()
    names = [turn.name for lane in made for turn in lane]
    assert len(set(names)) == len(names)
    assert all([turn.earliest for turn in lane] == sorted(turn.earliest for turn in lane) for lane in made)


def test_without_limits_all_is_served_that_ends_in_time() -> None:
    made = lanes()
    served = served_without_limits(made, seconds=HOUR)
    assert 0.8 * sum(map(len, made)) < len(served) <= sum(map(len, made))
    assert served_without_limits(made, seconds=0.0) == []
