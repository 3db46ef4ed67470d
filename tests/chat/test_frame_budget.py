from __future__ import annotations

from chat.frame_budget import FrameBudget


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_forty_and_then_twenty_a_second() -> None:
    clock = Clock()
    budget = FrameBudget(clock=clock)
    assert [budget.take() for _ in range(40)] == [0.0] * 40
    assert budget.take() == 1 / 20
    clock.now += 0.5
    assert sum(budget.take() == 0 for _ in range(20)) == 10


def test_a_refused_frame_costs_nothing_and_the_pause_is_right() -> None:
    clock = Clock()
    budget = FrameBudget(clock=clock)
    for _ in range(40):
        budget.take()
    pause = budget.take()
    for _ in range(100):
        assert budget.take() == pause
    clock.now += pause
    assert budget.take() == 0


def test_a_long_rest_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    budget = FrameBudget(clock=clock)
    clock.now += 3_600
    assert sum(budget.take() == 0 for _ in range(100)) == 40


def test_the_fifth_bad_frame_within_a_minute_is_one_too_many() -> None:
    clock = Clock()
    budget = FrameBudget(clock=clock)
    for _ in range(4):
        clock.now += 10
        assert not budget.note_bad()
    clock.now += 19
    assert budget.note_bad()


def test_old_bad_frames_are_forgotten() -> None:
    clock = Clock()
    budget = FrameBudget(clock=clock)
    for _ in range(50):
        clock.now += 15.1
        assert not budget.note_bad()
