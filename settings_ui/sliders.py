"""How a setting's slider moves. It is a coarse control beside a number field that takes every value in the range."""

from __future__ import annotations

from dataclasses import dataclass

from agents.setting_ranges import Range

_GRID_FROM, _GRID_STEP = 1_024, 512  # tokens


@dataclass(frozen=True, kw_only=True)
class Slider:
    """`minimum` to `maximum` in steps of `step`; with a grid the script stops it at both ends and on the grid alone."""

    minimum: float
    maximum: float
    step: float
    grid_from: int | None = None
    grid_step: int | None = None


def slider_of(bounds: Range) -> Slider:
    """Tokens: 1,024 + 512·k, which a plain range input could not combine with stops at 1,000 and 100,000. A range that
    an admin made narrower has its own ends."""
    grid = {"grid_from": _GRID_FROM, "grid_step": _GRID_STEP} if bounds.name == "max_output_tokens" else {}
    return Slider(minimum=bounds.minimum, maximum=bounds.maximum, step=bounds.step, **grid)
