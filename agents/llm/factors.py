"""How far a provider's counts are from ours, as two factors: of what every call carries, and of texts not sent before.

A Kalman filter (its textbook form, two states and one measurement) tells them apart as a conversation grows. Every text
has a ratio of its own around the factor, and that is the noise: many small texts tell more than one as long as all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agents.llm.correction import LEAST, MOST, WHOLE

# Standard deviations, as shares. Instructions of a provider's own make the frame the less certain one of the two; a
# vocabulary moves both. A text is 10 % off its factor; the factors themselves wander by 1 % from call to call.
_OF_FRAME = 0.5
_OF_MESSAGES = 0.25
_TOGETHER = 0.5
_OF_A_TEXT = 0.1
_DRIFT = 0.01

_AROUND = 10.0
"""Tokens. What a wire puts around texts is known no better, and of short ones it is the most."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """The likeliest two, with their variances and covariance."""

    frame: float = 1.0
    messages: float = 1.0
    frame_variance: float = _OF_FRAME**2
    messages_variance: float = _OF_MESSAGES**2
    covariance: float = _TOGETHER * _OF_FRAME * _OF_MESSAGES

    def learnt(self, *, frame: float, texts: Sequence[int], reported: float) -> Factors:
        """One step of the filter: the factors move by what was unexpected, each by its share of the uncertainty.

        Our counts of a frame (0 where it is not in question) and of texts, and what they came to together.
        """
        messages = sum(texts)
        frame_variance = self.frame_variance + (_DRIFT**2 if frame else 0)
        messages_variance = self.messages_variance + _DRIFT**2
        of_frame = frame_variance * frame + self.covariance * messages
        of_messages = messages_variance * messages + self.covariance * frame
        noise = (_OF_A_TEXT * self.messages * math.hypot(*texts)) ** 2 + _AROUND**2
        uncertain = frame * of_frame + messages * of_messages + noise
        gain_frame, gain_messages = of_frame / uncertain, of_messages / uncertain
        unexpected = _believed(reported, counted=frame + messages) - self.frame * frame - self.messages * messages
        return Factors(
            frame=_bounded(self.frame + gain_frame * unexpected),
            messages=_bounded(self.messages + gain_messages * unexpected),
            frame_variance=min(frame_variance - gain_frame * of_frame, _OF_FRAME**2),
            messages_variance=min(messages_variance - gain_messages * of_messages, _OF_MESSAGES**2),
            covariance=self.covariance - gain_frame * of_messages,
        )


UNTAUGHT = Factors()


def _believed(reported: float, *, counted: float) -> float:
    return min(max(reported, counted * LEAST / WHOLE), counted * MOST / WHOLE)


def _bounded(factor: float) -> float:
    return min(max(factor, LEAST / WHOLE), MOST / WHOLE)
