from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.tools.figures import BINS, Step, find_step, outliers, pattern, percentile, short, timeline, top


def test_the_most_frequent_come_first() -> None:
    assert top(["b", "a", "b", "", "c"], 2) == {"b": 2, "a": 1}


def test_messages_that_differ_in_numbers_only_are_one() -> None:
    assert pattern("order ORD-12 failed after 5000 ms (trace 9f86d081884c7d65)") == pattern(
        "order ORD-777 failed after 12 ms (trace 60303ae22b998861)"
    )
    assert pattern("pool timeout") == "pool timeout"


@given(st.lists(st.floats(min_value=0, max_value=86_399), max_size=50), st.floats(min_value=61, max_value=10_000_000))
def test_a_timeline_counts_every_moment_once(moments: list[float], length: float) -> None:
    inside = [moment for moment in moments if moment <= length]
    bins = timeline(inside, start=0, end=length + 1)
    assert sum(count for _, count in bins) == len(inside)
    assert len(bins) <= BINS


def test_a_step_is_found_where_it_is() -> None:
    points = [(float(n), 1.0 + n % 2) for n in range(10)] + [(float(n), 20.0 + n % 2) for n in range(10, 20)]
    assert find_step(points) == Step(at=10.0, before=1.5, after=20.5)


def test_noise_has_no_step() -> None:
    assert find_step([(float(n), float(n % 3)) for n in range(30)]) is None
    assert find_step([(float(n), 5.0) for n in range(30)]) is None
    assert find_step([(0.0, 1.0), (1.0, 9.0)]) is None


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), max_size=40))
def test_a_step_is_always_one_of_the_moments(values: list[float]) -> None:
    points = [(float(n), value) for n, value in enumerate(values)]
    step = find_step(points)
    assert step is None or step.at in range(2, len(values))


def test_a_point_far_away_is_an_outlier() -> None:
    points = [(float(n), 10.0 + n % 3) for n in range(20)]
    assert outliers(points) == []
    assert outliers([*points, (20.0, 500.0)]) == [(20.0, 500.0)]


def test_percentiles_and_short_numbers() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([], 95) == 0
    assert [short(value) for value in (0, 1234.5, 0.123456, 5.0, 12.34)] == [0, 1234, 0.123, 5, 12.3]
