"""Learns from what a provider reports what each message comes to: one calibration for a model in a conversation.

Two consecutive requests share what was said before, so the difference of their totals is the size of what is new; and
of that, the reply has been told on its own, as output tokens. So nearly every message gets a size, as a correction of
our count. It stays with the message, wherever a cut begins: only what was never sent yet is estimated, by the factors
that such differences have taught, with some care. The messages of the first report, and of the first one after a cut,
have no size each, since the frame's share in the total is not known: they share what remains of it, so that a request
that goes on as before counts what it was reported. So do messages that are sent with reasoning, and what is new beside
them: reasoning is counted roughly, and gone after a cut. Pure: values in, values out, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from agents.llm.correction import LEAST, MOST, UNCORRECTED, WHOLE, Correction
from agents.llm.factors import UNTAUGHT, Factors
from agents.llm.providers.base import BlockCounts

CALIBRATION_VERSION = 2

_MOST_MEASURED = 64
"""Messages that keep a size each: more than a deep cut ever leaves. Older ones share one."""

# The upward bias of what is new: half of the usual surprise. The first report is hardly one, however far off we were:
# nothing was known. Texts of a few tokens surprise by their frame alone.
_CARE = 0.5
_MOST_AT_FIRST = 0.05
_MOST_SURPRISE = 0.3
_NEWEST_SHARE = 0.25
_TELLING = 100  # tokens

# Thousandths. A factor in force rises to the next step at once, but falls only when it is too high by more than that.
_STEP = 5
_SLACK = 5

_LEAST_TIMES, _MOST_TIMES = 0.4, 50
"""Of our count. A gateway may leave out what it had cached, or add instructions of its own, but none that long."""

_DOUBTFUL = 2
"""A size that is further than so many times from what was expected is none."""

_SAME_FRAME = 0.005
"""As a share of it; what is rounded under different corrections differs by less."""


class Counted(NamedTuple):
    """A message as it was sent. `tokens` as we count it, before any correction; `thinks` if reasoning is among them,
    which may not be sent the next time."""

    id: str
    tokens: int
    thinks: bool = False


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one request came to: our counts of it, before any correction, and the provider's one. In tokens."""

    frame: float
    messages: tuple[Counted, ...]
    reported: int

    @classmethod
    def of(cls, counts: BlockCounts, *, correction: Correction, messages: Iterable[Counted], reported: int) -> Report:
        """`correction` is what the frame in `counts` was corrected by."""
        frame = counts.instructions + counts.tools + counts.overhead
        return cls(frame=frame * WHOLE / correction.frame, messages=tuple(messages), reported=reported)

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.messages]

    @property
    def estimated(self) -> float:
        return self.frame + _sum(self.messages)

    @property
    def is_absurd(self) -> bool:
        """Too little to be the whole input, or far too much."""
        least, most = self.estimated * _LEAST_TIMES, self.estimated * _MOST_TIMES
        return self.estimated < 1 or not least <= self.reported <= most


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """`surprise` is by what share new messages usually differ from what was expected; `correction` is what the frame
    and new messages are corrected by now.

    `measured` are the corrections of messages whose size is known, by id, newest last. All others up to the message
    `through`, the newest that was reported, share `older`; they were `older_tokens` in the last report, and `frame` was
    its frame, both before any correction.
    """

    factors: Factors = UNTAUGHT
    surprise: float = 0.0
    correction: Correction = UNCORRECTED
    measured: Mapping[str, int] = field(default_factory=dict)
    through: str = ""
    older: float = WHOLE
    older_tokens: int = 0
    frame: float = 0.0

    def corrections(self, ids: Sequence[str]) -> dict[str, int]:
        """Of the messages of a history that have been reported, in thousandths. `ids` in its order."""
        reported = ids.index(self.through) + 1 if self.through in ids else 0
        known = dict.fromkeys(ids[:reported], math.ceil(self.older))
        return known | {id: self.measured[id] for id in ids if id in self.measured}

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form; `from_dict` reads it back exactly."""
        # Pairs: a database may bring the names of an object into another order.
        return {**asdict(self), "measured": list(self.measured.items()), "version": CALIBRATION_VERSION}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """ValueError for an unknown version."""
        fields = dict(data)
        version = fields.pop("version", None)
        if version != CALIBRATION_VERSION:
            raise ValueError(f"calibration of version {version!r}; this code reads {CALIBRATION_VERSION}")
        fields["factors"] = Factors(**fields["factors"])
        fields["correction"] = Correction(**fields["correction"])
        fields["measured"] = dict(fields["measured"])
        return cls(**fields)


UNCALIBRATED = Calibration()


def hear(calibration: Calibration, reply: Counted, *, reported: int) -> Calibration:
    """What is known after a reply, of which the provider told how many tokens it has, without any reasoning. Too far
    from what such texts come to, it teaches nothing."""
    expected = reply.tokens * calibration.factors.messages
    if not expected / _DOUBTFUL <= reported <= expected * _DOUBTFUL or not reported:
        return calibration
    own = math.ceil(_correction_of(reported, reply.tokens))
    return replace(calibration, measured={**calibration.measured, reply.id: own})


def observe(calibration: Calibration, report: Report) -> Calibration:
    """What is known after `report`. An absurd one teaches nothing."""
    if report.is_absurd:
        return calibration
    if not _goes_on(calibration, report):
        return _begun(calibration, report)
    known = calibration.corrections(report.ids)
    new = [message for message in report.messages if message.id not in known]
    frame = report.frame * calibration.correction.frame / WHOLE
    older = calibration.older_tokens * calibration.older / WHOLE
    told = report.reported - frame - older - _corrected(report.messages, calibration.measured)
    if not _is_likely(calibration, new, told) and (trusted := _before_replies(calibration, report)) != calibration:
        return observe(trusted, report)
    return _measured(calibration, report, new=new, told=told)


def _goes_on(calibration: Calibration, report: Report) -> bool:
    """Whether its frame and its messages without a size of their own are just those of the last report: then all that
    is not new is known exactly."""
    known, measured = calibration.corrections(report.ids), calibration.measured
    older = [message for message in report.messages if message.id in known and message.id not in measured]
    is_same_frame = math.isclose(report.frame, calibration.frame, rel_tol=_SAME_FRAME)
    return is_same_frame and bool(calibration.through) and _sum(older) == calibration.older_tokens


def _is_likely(calibration: Calibration, new: Sequence[Counted], told: float) -> bool:
    expected = calibration.factors.messages * _sum(new)
    return expected / _DOUBTFUL <= told <= expected * _DOUBTFUL


def _before_replies(calibration: Calibration, report: Report) -> Calibration:
    """Without what was heard of replies since the last report."""
    ids = report.ids
    since = ids[ids.index(calibration.through) + 1 :] if calibration.through in ids else ids
    return replace(calibration, measured={id: own for id, own in calibration.measured.items() if id not in since})


def _begun(calibration: Calibration, report: Report) -> Calibration:
    """Of a total like no other the frame is a part: it teaches both factors, but no message's size."""
    unmeasured = [message for message in report.messages if message.id not in calibration.measured]
    known = _corrected(report.messages, calibration.measured)
    factors = calibration.factors.learnt(
        frame=report.frame, texts=_tokens(unmeasured), reported=report.reported - known
    )
    return _settled(replace(calibration, factors=factors, surprise=_first_surprise(calibration, report)), report)


def _measured(calibration: Calibration, report: Report, *, new: Sequence[Counted], told: float) -> Calibration:
    """`new` came to `told`: that is the size of each, in proportion, if it can be."""
    if not new:
        return _settled(calibration, report)
    own = math.ceil(_correction_of(told, _sum(new)))
    is_size = _is_likely(calibration, new, told) and not any(message.thinks for message in new)
    sized = {message.id: own for message in new if message.id} if is_size else {}
    factors = calibration.factors.learnt(frame=0, texts=_tokens(new), reported=told)
    surprise = _surprise(calibration, new, told)
    learnt = replace(calibration, factors=factors, surprise=surprise, measured={**calibration.measured, **sized})
    return _settled(learnt, report)


def _settled(calibration: Calibration, report: Report) -> Calibration:
    """With the corrections that follow: what of the total is neither frame nor measured is that of the older ones."""
    sent = [message.id for message in report.messages if message.id in calibration.measured]
    measured = {id: calibration.measured[id] for id in sent[-_MOST_MEASURED:]}
    older = [message for message in report.messages if message.id not in measured]
    correction = _correction(calibration)
    frame = report.frame * correction.frame / WHOLE
    remains = report.reported - frame - _corrected(report.messages, measured)
    return replace(
        calibration,
        correction=correction,
        measured=measured,
        through=next((id for id in reversed(report.ids) if id), ""),
        older=_correction_of(remains, _sum(older)) if older else WHOLE,
        older_tokens=_sum(older),
        frame=report.frame,
    )


def _first_surprise(calibration: Calibration, report: Report) -> float:
    share = abs(report.reported / report.estimated - 1)
    return calibration.surprise if calibration.through else min(share, _MOST_AT_FIRST)


def _surprise(calibration: Calibration, new: Sequence[Counted], told: float) -> float:
    if _sum(new) < _TELLING:
        return calibration.surprise
    share = abs(told / (calibration.factors.messages * _sum(new)) - 1)
    return calibration.surprise + _NEWEST_SHARE * (min(share, _MOST_SURPRISE) - calibration.surprise)


def _correction(calibration: Calibration) -> Correction:
    factors, before = calibration.factors, calibration.correction
    care = 1 + _CARE * calibration.surprise
    return Correction(
        frame=_in_steps(factors.frame, before=before.frame),
        messages=_in_steps(factors.messages * care, before=before.messages),
    )


def _in_steps(factor: float, *, before: int) -> int:
    """In thousandths; `before` stays while it is high enough and not much too high."""
    wanted = math.ceil(round(factor * WHOLE, 6))
    if wanted <= before <= wanted + _SLACK:
        return before
    return min(max(-(-wanted // _STEP) * _STEP, LEAST), MOST)


def _correction_of(told: float, counted: int) -> float:
    """In thousandths, up to six places, so that a whole number stays one."""
    if not counted:
        return WHOLE
    return min(max(round(told / counted * WHOLE, 6), LEAST), MOST)


def _corrected(messages: Iterable[Counted], corrections: Mapping[str, int]) -> float:
    """What those of `messages` come to that have a correction; not rounded, or many short ones would hide a new one."""
    known = [message for message in messages if message.id in corrections]
    return sum(message.tokens * corrections[message.id] for message in known) / WHOLE


def _tokens(messages: Iterable[Counted]) -> list[int]:
    return [message.tokens for message in messages]


def _sum(messages: Iterable[Counted]) -> int:
    return sum(_tokens(messages))
