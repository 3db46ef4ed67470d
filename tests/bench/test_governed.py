"""The figures of the governor's bench: counted from what happened, by rules that can be checked by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from agents.llm.messages import Usage
from bench.crowd import BUSY, Done, Tape
from bench.faster_time import FasterTime
from bench.judge import Judge, Look
from bench.playing_sandbox import Stage
from bench.workload import Step, Turn


def turn(user: int, *, work: int = 100) -> Turn:
    step = Step(output=work, result=0, tool_time=0.0, first_token=1.0)
    return Turn(name=f"{user}", user=user, chat=0, earliest=0.0, think=0.0, question=0, steps=(step,))


def result(tape: Tape, *, offered: list[Turn]) -> Any:
    from bench.governed_run import Result  # needs Django's settings

    stage = Stage(users=2, seed=1, seconds=120.0, scale=1.0)
    return Result(
        stage=stage, governed=True, tape=tape, offered=offered, rate_limited=0, utilisation=None, cpu=(0.0, 0.0)
    )


def done(user: int, *, work: int = 100) -> Done:
    return Done(turn=turn(user, work=work), took=1.0, waited=0.0)


def test_work_counts_in_turns_of_average_size() -> None:
    tape = Tape(done=[done(0, work=300)])
    one = result(tape, offered=[turn(0, work=100), turn(1, work=200)])
    assert one.turns_per_minute == 0.5
    assert one.work == 1.0


def test_it_is_fair_if_everybody_gets_the_same_share_of_what_they_wanted() -> None:
    offered = [turn(0), turn(0), turn(1)]
    assert result(Tape(done=[done(0), done(0), done(1)]), offered=offered).fairness == pytest.approx(1.0)
    assert result(Tape(done=[done(0), done(0)]), offered=offered).fairness == pytest.approx(0.5)
    assert result(Tape(), offered=offered).fairness == 0.0


def test_busy_is_told_apart_from_other_failures() -> None:
    one = result(Tape(failed=Counter({BUSY: 2, "internal": 1})), offered=[turn(0)])
    assert (one.failed, one.busy_per_hour) == (1, 60.0)


def test_what_is_cached_has_its_price() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=5, cache_read_tokens=500, cache_write_tokens=100)
    assert Tape(usages=[usage]).price == 400 + 125 + 50


def test_the_first_told_end_is_right_within_a_second_or_a_tenth() -> None:
    from bench.governed_run import best_share

    assert best_share([(1.0, 1.9), (20.0, 21.9), (1.0, 2.1), (20.0, 30.0)]) == 0.5
    assert best_share([]) == 1.0


class TestUtilisation:
    def judge(self, *looks: Look) -> Judge:
        judge = Judge(1, key="k", pool="p", time=FasterTime(scale=1.0), is_queued=bool)
        judge._looks.extend(looks)
        return judge

    def look(self, at: float, *, taken: int, left: int, queued: bool = True) -> Look:
        report = {"limits": {"tokens": 600}, "remaining": {"tokens": left}, "charged_tokens": taken}
        return Look(at=at, queued=queued, report=report)

    def test_all_that_flowed_in_was_taken_or_is_kept(self) -> None:
        looks = [self.look(0.0, taken=0, left=100), self.look(10.0, taken=150, left=50)]
        assert self.judge(*looks).utilisation == 1.0

    def test_what_ran_over_is_lost(self) -> None:
        looks = [self.look(0.0, taken=0, left=600), self.look(10.0, taken=40, left=600)]
        assert self.judge(*looks).utilisation == pytest.approx(0.4)

    def test_only_while_somebody_waits(self) -> None:
        looks = [self.look(0.0, taken=0, left=600), self.look(10.0, taken=40, left=600, queued=False)]
        assert self.judge(*looks).utilisation is None
