"""What a conversation's model calls have taught about counting, one calibration for each model, kept on its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.llm.calibration import CALIBRATION_VERSION, UNCALIBRATED, Calibration
from agents.llm.tokens import TokenCounter
from agents.models import LanguageModel

Calibrations = Mapping[str, Any]
"""JSON of a conversation: `{model's id: {"counter": name, ...}}`."""

NONE_YET: Calibrations = {}


def calibration_of(kept: Calibrations, *, model: LanguageModel, counter: TokenCounter) -> Calibration:
    """Begins anew where the model is counted in another way by now, or what was learnt is of another version."""
    entry = dict(kept.get(str(model.pk), {}))
    fits = entry.pop("counter", None) == counter.name and entry["version"] == CALIBRATION_VERSION
    return Calibration.from_dict(entry) if fits else UNCALIBRATED


def with_calibration(
    kept: Calibrations, *, model: LanguageModel, counter: TokenCounter, calibration: Calibration
) -> dict[str, Any]:
    return {**kept, str(model.pk): {"counter": counter.name, **calibration.to_dict()}}
