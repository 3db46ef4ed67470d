"""Values in words: 8,192 · 0.7 · no cap · high."""

from __future__ import annotations

from typing import cast

from agents.setting_changes import Number, Value, is_whole
from agents.setting_ranges import Choice, Range, Setting


def said(setting: Setting, value: Value) -> str:
    if isinstance(setting, Choice):
        return str(value) or setting.empty_means
    return setting.zero_means if value == 0 and setting.zero_means else number(setting, cast(Number, value))


def number(bounds: Range, value: Number) -> str:
    """0.75 as it is, 1 as 1.0."""
    return f"{int(value):,}" if is_whole(bounds) else str(float(value))


def span(bounds: Range) -> str:
    """Both ends. Where 0 stands for something else, the smallest number that is one."""
    lowest = max(bounds.minimum, 1) if bounds.zero_means else bounds.minimum
    return f"{number(bounds, lowest)} to {number(bounds, bounds.maximum)}"
