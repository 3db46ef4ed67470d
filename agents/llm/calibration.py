"""Learns from what a provider reports how far our counts are off: one calibration for a model in a conversation.

Each report is the total of one request: `frame` factor × our frame + `messages` factor × our messages, more or less.
A Kalman filter of these two factors (its textbook form, two states and one measurement) tells them apart as the
conversation grows, and stays close to the newest total: what was sent before and is sent again is known, and only what
is new is estimated. Pure: values in, values out, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from agents.llm.correction import LEAST, MOST, UNCORRECTED, WHOLE, Correction
from agents.llm.providers.base import BlockCounts

CALIBRATION_VERSION = 1

# Standard deviations, as shares. The two factors begin at 1 ± 0.25 and mostly move together. One report is ± 1 % of
# what the factors say, because texts differ; the factors themselves wander by 1 % from call to call.
_BEGINNING = 0.25
_TOGETHER = 0.8
_NOISE = 0.01
_DRIFT = 0.01

# The upward bias: one and a half times the usual surprise, at most 1 %. More would itself be the largest error.
_CARE = 1.5
_MOST_CARE = 0.01
_FIRST_SURPRISE = 0.01
_NEWEST_SHARE = 0.25

# Thousandths. A factor in force rises to the next step at once, but falls only when it is too high by more than that.
_STEP = 5
_SLACK = 5

_LEAST_TIMES, _MOST_TIMES = 0.4, 50
"""Of our count. A gateway may leave out what it had cached, or add instructions of its own, but none that long."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one request came to: our two counts of it, before any correction, and the provider's one. In tokens."""

    frame: float
    messages: float
    reported: int

    @classmethod
    def of(cls, counts: BlockCounts, *, correction: Correction, reported: int) -> Report:
        """`correction` is what `counts` were corrected by."""
        frame = counts.instructions + counts.tools + counts.overhead
        return cls(
            frame=frame * WHOLE / correction.frame,
            messages=sum(counts.messages) * WHOLE / correction.messages,
            reported=reported,
        )

    @property
    def estimated(self) -> float:
        return self.frame + self.messages

    @property
    def is_absurd(self) -> bool:
        """Too little to be the whole input, or far too much."""
        least, most = self.estimated * _LEAST_TIMES, self.estimated * _MOST_TIMES
        return self.estimated < 1 or not least <= self.reported <= most


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """`frame` and `messages` are the likeliest factors, with their variances and covariance. `surprise` is by what
    share reports usually differ from what was expected. `correction` is what counts are corrected by now."""

    frame: float = 1.0
    messages: float = 1.0
    frame_variance: float = _BEGINNING**2
    messages_variance: float = _BEGINNING**2
    covariance: float = _TOGETHER * _BEGINNING**2
    surprise: float = 0.0
    newest: Report | None = None
    correction: Correction = UNCORRECTED

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form; `from_dict` reads it back exactly."""
        return {**asdict(self), "version": CALIBRATION_VERSION}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """ValueError for an unknown version."""
        fields = dict(data)
        version = fields.pop("version", None)
        if version != CALIBRATION_VERSION:
            raise ValueError(f"calibration of version {version!r}; this code reads {CALIBRATION_VERSION}")
        newest = fields.pop("newest")
        correction = Correction(**fields.pop("correction"))
        return cls(**fields, newest=Report(**newest) if newest else None, correction=correction)


UNCALIBRATED = Calibration()


def observe(calibration: Calibration, report: Report) -> Calibration:
    """What is known after `report`. An absurd one teaches nothing, nor does the newest one once more."""
    if report.is_absurd or report == calibration.newest:
        return calibration
    believed = replace(report, reported=min(report.reported, math.ceil(report.estimated * MOST / WHOLE)))
    surprise = _surprise(calibration, believed)
    learnt = replace(_learn(calibration, believed), surprise=surprise, newest=report)
    return replace(learnt, correction=_correction(learnt, before=calibration.correction))


def _expected(calibration: Calibration, report: Report) -> float:
    return calibration.frame * report.frame + calibration.messages * report.messages


def _surprise(calibration: Calibration, report: Report) -> float:
    """The first report is hardly one, however far off we were: nothing was known."""
    share = abs(report.reported / _expected(calibration, report) - 1)
    if calibration.newest is None:
        return min(share, _FIRST_SURPRISE)
    return calibration.surprise + _NEWEST_SHARE * (share - calibration.surprise)


def _learn(calibration: Calibration, report: Report) -> Calibration:
    """One step of the filter: the factors move by what was unexpected, each by its share of the uncertainty."""
    frame, messages, both = calibration.frame_variance, calibration.messages_variance, calibration.covariance
    frame, messages = frame + _DRIFT**2, messages + _DRIFT**2
    of_frame = frame * report.frame + both * report.messages
    of_messages = both * report.frame + messages * report.messages
    expected = _expected(calibration, report)
    uncertain = report.frame * of_frame + report.messages * of_messages + (_NOISE * expected) ** 2
    gain_frame, gain_messages = of_frame / uncertain, of_messages / uncertain
    return replace(
        calibration,
        frame=_bounded(calibration.frame + gain_frame * (report.reported - expected)),
        messages=_bounded(calibration.messages + gain_messages * (report.reported - expected)),
        frame_variance=_variance(frame - gain_frame * of_frame),
        messages_variance=_variance(messages - gain_messages * of_messages),
        covariance=both - gain_frame * of_messages,
    )


def _bounded(factor: float) -> float:
    return min(max(factor, LEAST / WHOLE), MOST / WHOLE)


def _variance(value: float) -> float:
    """Never above what it began with: a factor that no report tells about stays a guess, but no wilder one."""
    return min(value, _BEGINNING**2)


def _correction(calibration: Calibration, *, before: Correction) -> Correction:
    care = 1 + min(_CARE * calibration.surprise, _MOST_CARE)
    return Correction(
        frame=_settled(calibration.frame * care, before=before.frame),
        messages=_settled(calibration.messages * care, before=before.messages),
    )


def _settled(factor: float, *, before: int) -> int:
    """In thousandths, in steps; `before` stays while it is high enough and not much too high."""
    wanted = math.ceil(round(factor * WHOLE, 6))
    if wanted <= before <= wanted + _SLACK:
        return before
    return min(max(-(-wanted // _STEP) * _STEP, LEAST), MOST)
