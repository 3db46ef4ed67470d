"""What a provider's reports do to our counts: what was sent is known, what is new is close, and nothing runs away."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.calibration import CALIBRATION_VERSION, UNCALIBRATED, Calibration, Counted, Report, hear, observe
from agents.llm.correction import LEAST, MOST, UNCORRECTED, WHOLE, Correction
from agents.llm.providers.base import BlockCounts

examples = settings(max_examples=200, deadline=None)

FRAME = 1_500

sizes = st.integers(20, 5_000)
ratios = st.floats(0.8, 1.6)
ids = st.sampled_from(["", *"abcdefghij"])
messages = st.lists(st.builds(Counted, ids, st.integers(0, 20_000), st.booleans()), max_size=8).map(tuple)
reports = st.builds(Report, frame=st.floats(0, 20_000), messages=messages, reported=st.integers(-10, 10**12))
sane_reports = st.builds(
    lambda frame, messages, ratio: Report(
        frame=frame, messages=messages, reported=math.ceil(ratio * (frame + sum(one.tokens for one in messages)))
    ),
    frame=st.floats(20, 20_000),
    messages=messages,
    ratio=st.floats(0.5, 5.0),
)


@dataclass
class Talk:
    """A conversation with a provider by whom the frame is `of_frame` times our count, and each text as it says."""

    of_frame: float
    told: Calibration = UNCALIBRATED
    sent: list[Counted] = field(default_factory=list)
    true: dict[str, float] = field(default_factory=dict)

    def add(self, tokens: int, ratio: float, *, thinks: bool = False) -> Counted:
        message = Counted(f"m{len(self.true)}", tokens, thinks)
        self.sent.append(message)
        self.true[message.id] = tokens * ratio
        return message

    def reply(self, tokens: int, ratio: float) -> None:
        message = self.add(tokens, ratio)
        self.told = hear(self.told, message, reported=round(tokens * ratio))

    @property
    def truth(self) -> float:
        return FRAME * self.of_frame + sum(self.true[message.id] for message in self.sent)

    @property
    def counted(self) -> int:
        return counted(self.told, self.sent)

    @property
    def error(self) -> float:
        return self.counted / self.truth - 1

    def call(self) -> None:
        self.told = observe(self.told, Report(frame=FRAME, messages=tuple(self.sent), reported=round(self.truth)))


def counted(calibration: Calibration, sent: Sequence[Counted], frame: float = FRAME) -> int:
    known = calibration.corrections([message.id for message in sent])
    correction = calibration.correction
    own = (
        correction.of_frame(math.ceil(frame)),
        *(-(-m.tokens * known.get(m.id, correction.messages) // WHOLE) for m in sent),
    )
    return sum(own)


def taught(reports: Iterable[Report], start: Calibration = UNCALIBRATED) -> Calibration:
    for one in reports:
        start = observe(start, one)
    return start


@given(
    st.lists(st.one_of(reports, st.builds(Counted, ids, st.integers(0, 20_000))), max_size=12), st.integers(-5, 10**6)
)
@examples
def test_whatever_is_reported_every_number_is_sane(told: list[Report | Counted], tokens: int) -> None:
    learnt = UNCALIBRATED
    for one in told:
        learnt = observe(learnt, one) if isinstance(one, Report) else hear(learnt, one, reported=tokens)
    factors = learnt.factors
    for factor in (factors.frame, factors.messages):
        assert 0.5 <= factor <= 5.0
    for thousandths in (*vars(learnt.correction).values(), learnt.older, *learnt.measured.values()):
        assert LEAST <= thousandths <= MOST
    assert 0 <= learnt.surprise <= 0.3
    assert 0 <= factors.frame_variance <= 0.5**2
    assert 0 <= factors.messages_variance <= 0.25**2
    assert factors.covariance**2 <= factors.frame_variance * factors.messages_variance + 1e-9


@given(of_frame=ratios, texts=st.lists(st.tuples(sizes, ratios), min_size=1, max_size=30))
@examples
def test_what_was_reported_counts_the_same_again(of_frame: float, texts: list[tuple[int, float]]) -> None:
    talk = Talk(of_frame)
    for number, (size, ratio) in enumerate(texts):
        talk.add(size, ratio)
        if number % 2 == 0:
            talk.call()
            rounded_up = 2 + len(talk.sent)
            assert talk.counted == pytest.approx(talk.truth, abs=rounded_up + 0.001 * talk.truth)
            again = talk.told
            talk.call()
            assert replace(talk.told, surprise=0) == replace(again, surprise=0)


@given(of_frame=ratios, turns=st.lists(st.tuples(sizes, ratios, sizes, ratios), min_size=3, max_size=12))
@examples
def test_after_a_cut_only_the_frame_and_what_is_new_are_estimated(
    of_frame: float, turns: list[tuple[int, float, int, float]]
) -> None:
    talk = Talk(of_frame)
    for asked, asked_ratio, said, said_ratio in turns:
        talk.add(asked, asked_ratio)
        talk.call()
        talk.reply(said, said_ratio)
    kept = talk.sent[-3:]
    frame = talk.told.correction.of_frame(FRAME)
    true = sum(talk.true[message.id] for message in kept)
    assert counted(talk.told, kept) - frame == pytest.approx(true, rel=0.01, abs=15)


@given(turns=st.lists(st.tuples(sizes, ratios), min_size=2, max_size=8), ratio=ratios, new=st.tuples(sizes, ratios))
@examples
def test_the_error_of_a_call_is_that_of_what_is_new(
    turns: list[tuple[int, float]], ratio: float, new: tuple[int, float]
) -> None:
    talk = Talk(1.2)
    for size, own in turns:
        talk.add(size, own)
        talk.call()
    known = talk.counted
    talk.reply(1_000, ratio)
    size, own = new
    talk.add(size, own)
    off = abs(size * own - size * talk.told.correction.messages / WHOLE)
    assert abs(talk.counted - talk.truth) <= off + 0.002 * known + 5


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.5, 2.5])
def test_a_constant_ratio_is_known_after_three_reports_even_of_a_text_that_is_new(ratio: float) -> None:
    talk = Talk(ratio)
    for size in (300, 700, 1_500):
        talk.add(size, ratio)
        talk.call()
    talk.add(2_000, ratio)
    assert -0.02 <= talk.error <= 0.05


def test_the_frame_and_the_messages_may_be_off_by_different_ratios() -> None:
    talk = Talk(0.9)
    for size in (300, 900, 1_500, 800, 700, 1_200):
        talk.add(size, 1.5)
        talk.call()
    assert talk.told.factors.messages == pytest.approx(1.5, abs=0.05)
    assert talk.told.factors.frame == pytest.approx(0.9, abs=0.05)
    del talk.sent[:4]
    assert abs(talk.error) <= 0.03


def test_what_is_new_is_counted_with_care_that_grows_with_surprise() -> None:
    steady, rough = Talk(1.2), Talk(1.2)
    for number in range(12):
        steady.add(800, 1.2)
        rough.add(800, 1.2 + 0.2 * (-1) ** number)
        steady.call()
        rough.call()
    assert steady.told.surprise < 0.01
    assert rough.told.surprise > 0.1
    assert 1_200 <= steady.told.correction.messages <= 1_210
    assert rough.told.correction.messages >= WHOLE * rough.told.factors.messages * 1.05


def test_a_reply_that_cannot_have_that_size_waits_for_the_next_report() -> None:
    talk = Talk(1.0)
    talk.add(500, 1.0)
    talk.call()
    before = talk.told
    for reported in (0, -7, 40, 250, 20_000):
        assert hear(talk.told, Counted("reply", 600), reported=reported) is before


def test_a_reply_that_does_not_fit_the_next_total_shares_its_difference() -> None:
    """A gateway that counts hidden thoughts as the reply."""
    talk = Talk(1.0)
    talk.add(500, 1.0)
    talk.call()
    reply = talk.add(600, 1.0)
    talk.told = hear(talk.told, reply, reported=1_000)
    question = talk.add(300, 1.0)
    talk.call()
    assert talk.told.measured == {reply.id: WHOLE, question.id: WHOLE}


def test_one_wild_report_sizes_no_message_and_the_next_one_heals() -> None:
    talk = Talk(1.0)
    for _ in range(5):
        talk.add(400, 1.0)
        talk.call()
    wild = talk.add(400, 1.0)
    talk.told = observe(talk.told, Report(frame=FRAME, messages=tuple(talk.sent), reported=round(3 * talk.truth)))
    assert wild.id not in talk.told.measured
    talk.add(400, 1.0)
    talk.call()
    assert talk.counted == pytest.approx(talk.truth, rel=0.005)
    assert all(own == pytest.approx(1_000, abs=2) for own in talk.told.measured.values())


def test_messages_with_reasoning_and_those_beside_them_have_no_size_each() -> None:
    talk = Talk(1.0)
    talk.add(500, 1.0)
    talk.call()
    talk.add(600, 0.5, thinks=True)
    talk.add(300, 1.0)
    talk.call()
    assert talk.told.measured == {}
    assert talk.counted == pytest.approx(talk.truth, rel=0.002)


def test_only_the_newest_messages_keep_a_size_and_the_total_stays() -> None:
    talk = Talk(1.1)
    for number in range(300):
        talk.add(40 + number % 7, 1.0 + 0.1 * (number % 5))
        talk.call()
    assert list(talk.told.measured) == [message.id for message in talk.sent[-64:]]
    assert 0 <= talk.error <= 0.01, "every count is rounded up by itself"
    assert len(json.dumps(talk.told.to_dict())) < 2_000


def test_sizes_of_what_is_no_longer_sent_are_forgotten() -> None:
    talk = Talk(1.0)
    for _ in range(6):
        talk.add(400, 1.0)
        talk.call()
    del talk.sent[:4]
    talk.add(400, 1.0)
    talk.call()
    assert set(talk.told.measured) < {message.id for message in talk.sent}


def test_on_another_branch_what_is_shared_keeps_its_size() -> None:
    talk = Talk(1.0)
    for _ in range(4):
        talk.add(400, 1.4)
        talk.call()
    del talk.sent[-1]
    shared = talk.sent[1:]
    talk.add(900, 1.4)
    assert talk.told.corrections([message.id for message in talk.sent]) == pytest.approx(
        {message.id: 1_400 for message in shared}, abs=2
    )
    talk.call()
    assert talk.counted == pytest.approx(talk.truth, rel=0.002)


@pytest.mark.parametrize("reported", [0, -5, 1, 399, 50_001, 10**12])
def test_an_absurd_report_teaches_nothing(reported: int) -> None:
    start = taught([Report(frame=300, messages=(Counted("a", 700),), reported=1_200)])
    told = Report(frame=300, messages=(Counted("b", 700),), reported=reported)
    assert observe(start, told) is start
    assert observe(UNCALIBRATED, told) is UNCALIBRATED


def test_a_report_about_nothing_teaches_nothing() -> None:
    assert observe(UNCALIBRATED, Report(frame=0, messages=(), reported=10)) is UNCALIBRATED


def test_a_gateway_with_long_instructions_of_its_own_is_believed_up_to_the_bound() -> None:
    learnt = taught([Report(frame=300, messages=(Counted("a", 700),), reported=20_000)])
    assert learnt.older == MOST
    assert 3_000 <= learnt.correction.frame <= MOST


def test_an_exact_count_stays_as_it_is() -> None:
    talk = Talk(1.0)
    for number in range(1, 20):
        talk.add(100 * number, 1.0)
        talk.call()
        talk.reply(50 * number, 1.0)
    assert talk.told.correction == UNCORRECTED
    assert set(talk.told.measured.values()) == {WHOLE}


def test_a_correction_does_not_flutter() -> None:
    talk = Talk(1.3)
    seen = []
    for number in range(30):
        talk.add(800, 1.3 + 0.002 * (-1) ** number)
        talk.call()
        seen.append(talk.told.correction)
    assert len(set(seen[-10:])) <= 2
    assert all(1_300 <= correction.messages <= 1_320 for correction in seen[-10:])


@given(st.lists(sane_reports, max_size=5))
@examples
def test_it_survives_being_saved(told: list[Report]) -> None:
    learnt = taught(told)
    again = Calibration.from_dict(json.loads(json.dumps(learnt.to_dict(), sort_keys=True)))
    assert again == learnt
    assert list(again.measured) == list(learnt.measured)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match=f"version 99; this code reads {CALIBRATION_VERSION}"):
        Calibration.from_dict({**UNCALIBRATED.to_dict(), "version": 99})


@given(frame=st.integers(100, 3_000))
@examples
def test_a_report_tells_of_the_frame_as_it_was_before_its_correction(frame: int) -> None:
    correction = Correction(frame=1_250, messages=850)
    request = BlockCounts(instructions=correction.of_frame(frame), tools=0, overhead=0, messages=(9,))
    told = Report.of(request, correction=correction, messages=[Counted("a", 10)], reported=7)
    assert (told.reported, told.messages) == (7, (Counted("a", 10),))
    assert frame <= told.frame <= frame + 1
