"""What a provider's reports do to our counts: they come close, never run away, and keep on the high side."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.calibration import CALIBRATION_VERSION, UNCALIBRATED, Calibration, Report, observe
from agents.llm.correction import LEAST, MOST, UNCORRECTED, Correction
from agents.llm.providers.base import BlockCounts

examples = settings(max_examples=200, deadline=None)

sizes = st.integers(20, 200_000)
ratios = st.floats(0.5, 5.0)
reports = st.builds(
    Report, frame=st.floats(0, 20_000), messages=st.floats(0, 200_000), reported=st.integers(-10, 10**12)
)
sane_reports = st.builds(
    lambda frame, messages, ratio: Report(
        frame=frame, messages=messages, reported=math.ceil(ratio * (frame + messages))
    ),
    frame=st.floats(20, 20_000),
    messages=st.floats(20, 200_000),
    ratio=ratios,
)


def report(frame: int, messages: int, reported: float) -> Report:
    return Report(frame=frame, messages=messages, reported=round(reported))


def taught(reports: Iterable[Report], start: Calibration = UNCALIBRATED) -> Calibration:
    for one in reports:
        start = observe(start, one)
    return start


def corrected(calibration: Calibration, frame: float, messages: float) -> float:
    return (calibration.correction.frame * frame + calibration.correction.messages * messages) / 1_000


@given(st.lists(reports, max_size=12))
@examples
def test_whatever_is_reported_every_number_is_sane(told: list[Report]) -> None:
    learnt = taught(told)
    for factor in (learnt.frame, learnt.messages):
        assert 0.5 <= factor <= 5.0
    for thousandths in (learnt.correction.frame, learnt.correction.messages):
        assert LEAST <= thousandths <= MOST
    assert all(math.isfinite(value) for value in (learnt.surprise, learnt.covariance))
    assert 0 < learnt.frame_variance <= 0.25**2
    assert 0 < learnt.messages_variance <= 0.25**2
    assert learnt.covariance**2 <= learnt.frame_variance * learnt.messages_variance


@given(frame=sizes, first=sizes, growths=st.lists(st.floats(1.0, 2.0), min_size=3, max_size=3), ratio=ratios)
@examples
def test_a_constant_ratio_is_known_within_five_percent_after_three_reports(
    frame: int, first: int, growths: list[float], ratio: float
) -> None:
    said = [first, first * growths[0], first * growths[0] * growths[1], first * math.prod(growths)]
    learnt = taught(report(frame, round(messages), ratio * (frame + round(messages))) for messages in said[:3])
    truth = ratio * (frame + said[3])
    assert abs(corrected(learnt, frame, said[3]) / truth - 1) <= 0.05


@given(messages=st.lists(sizes, min_size=8, max_size=8), of_frame=st.floats(0.8, 1.6), of_messages=st.floats(0.8, 1.6))
@examples
def test_the_frame_and_the_messages_may_be_off_by_different_ratios(
    messages: list[int], of_frame: float, of_messages: float
) -> None:
    frame = 1_500
    *before, last = messages
    learnt = taught(report(frame, size, of_frame * frame + of_messages * size) for size in [*before, last])
    assert abs(corrected(learnt, frame, last) / (of_frame * frame + of_messages * last) - 1) <= 0.05


@given(sane_reports)
@examples
def test_what_was_reported_of_a_request_is_not_counted_lower_next_time(told: Report) -> None:
    learnt = observe(UNCALIBRATED, told)
    assert corrected(learnt, told.frame, told.messages) >= 0.98 * told.reported


@given(
    st.lists(st.tuples(st.integers(100, 2_000), st.floats(0.85, 1.2)), min_size=12, max_size=40), st.floats(0.7, 2.0)
)
@examples
def test_calls_are_seldom_counted_too_low(texts: list[tuple[int, float]], ratio: float) -> None:
    """Every text has a ratio of its own, around that of the model."""
    learnt, said, true, low, calls = UNCALIBRATED, 0, 0.0, 0, 0
    for number, (size, own) in enumerate(texts):
        said, true = said + size, true + size * ratio * own
        told = report(1_000, said, 1_000 * ratio + true)
        if number >= 3:
            calls += 1
            low += corrected(learnt, 1_000, said) < 0.9 * told.reported
        learnt = observe(learnt, told)
    assert low <= calls / 4


@given(st.lists(sane_reports, max_size=6), sane_reports)
@examples
def test_the_same_report_again_changes_nothing(before: list[Report], told: Report) -> None:
    once = observe(taught(before), told)
    assert observe(once, told) == once


@given(st.lists(sane_reports, max_size=6), sane_reports, st.integers(1, 5_000))
@examples
def test_a_higher_report_never_makes_the_request_count_less(before: list[Report], told: Report, more: int) -> None:
    start = taught(before)
    higher = replace(told, reported=told.reported + more)

    def expected(learnt: Calibration) -> float:
        return learnt.frame * told.frame + learnt.messages * told.messages

    lower = observe(start, told)
    free = all(0.5 < factor < 5.0 for factor in (lower.frame, lower.messages))  # A bound holds one back alone.
    if free and not higher.is_absurd and start.newest != told:
        assert expected(observe(start, higher)) >= expected(lower) - 1e-6


@pytest.mark.parametrize("reported", [0, -5, 1, 399, 50_001, 10**12])
def test_an_absurd_report_teaches_nothing(reported: int) -> None:
    start = taught([report(300, 700, 1_200)])
    assert observe(start, report(300, 700, reported)) is start
    assert observe(UNCALIBRATED, report(300, 700, reported)) is UNCALIBRATED


def test_a_report_about_nothing_teaches_nothing() -> None:
    assert observe(UNCALIBRATED, report(0, 0, 10)) is UNCALIBRATED


def test_a_gateway_with_long_instructions_of_its_own_is_believed_up_to_the_bound() -> None:
    learnt = taught([report(300, 700, 20_000)])
    assert 4_500 <= learnt.correction.messages <= MOST


def test_an_exact_count_stays_as_it_is() -> None:
    sizes = [(400, 100 * n) for n in range(1, 20)]
    learnt = taught(report(frame, messages, frame + messages) for frame, messages in sizes)
    assert learnt.correction == UNCORRECTED


def test_a_count_that_is_a_little_high_is_left_alone() -> None:
    learnt = taught(report(400, 1_000 * n, 0.998 * (400 + 1_000 * n)) for n in range(1, 20))
    assert learnt.correction == UNCORRECTED


def test_a_correction_rises_at_once_and_does_not_flutter() -> None:
    learnt = taught([report(1_000, 5_000, 7_800)])
    assert learnt.correction.messages >= 1_290
    told = [report(1_000, 5_000 + 100 * n, 1.3 * (6_000 + 100 * n) + (-1) ** n * 15) for n in range(30)]
    learnt = taught(told[:20], learnt)
    seen = {(learnt := observe(learnt, one)).correction for one in told[20:]}
    assert len(seen) <= 3
    assert all(1_300 <= correction.messages <= 1_320 for correction in seen)


def test_care_grows_with_surprise() -> None:
    steady = taught(report(1_000, 1_000 * n, 1.2 * (1_000 + 1_000 * n)) for n in range(1, 12))
    rough = taught(report(1_000, 1_000 * n, (1.2 + 0.05 * (-1) ** n) * (1_000 + 1_000 * n)) for n in range(1, 12))
    assert rough.surprise > 5 * steady.surprise
    assert steady.correction.messages <= 1_210


@given(st.lists(sane_reports, max_size=5))
@examples
def test_it_survives_being_saved(told: list[Report]) -> None:
    learnt = taught(told)
    assert Calibration.from_dict(json.loads(json.dumps(learnt.to_dict()))) == learnt


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match=f"version 99; this code reads {CALIBRATION_VERSION}"):
        Calibration.from_dict({**UNCALIBRATED.to_dict(), "version": 99})


@given(counts=st.lists(st.integers(1, 5_000), min_size=1, max_size=30), frame=st.integers(100, 3_000))
@examples
def test_a_report_tells_of_counts_as_they_were_before_their_correction(counts: list[int], frame: int) -> None:
    correction = Correction(frame=1_250, messages=850)
    request = BlockCounts(
        instructions=correction.of_frame(frame),
        tools=0,
        overhead=0,
        messages=tuple(correction.of_messages(count) for count in counts),
    )
    told = Report.of(request, correction=correction, reported=7)
    assert told.reported == 7
    assert frame <= told.frame <= frame + 1
    assert sum(counts) <= told.messages + 1e-6 <= sum(counts) + 2 * len(counts)
