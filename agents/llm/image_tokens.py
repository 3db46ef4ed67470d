"""What an image weighs in tokens: each vendor's rule, of its size in pixels, whatever its bytes.

Claude sees patches of 28 pixels, each a token, after it has scaled what is larger than its own resolution (docs,
"Vision", 2026). OpenAI's models see tiles of 512 pixels or patches of 32 (docs, "Images and vision"); where the
published multipliers and what the API bills differ (gpt-5-mini and later: 1.62 and 1.2), they are what is billed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

_CLAUDE_PATCH = 28


class Resolution(NamedTuple):
    """The most that a Claude sees: pixels of the longer edge, and tokens."""

    edge: int
    tokens: int


STANDARD = Resolution(edge=1_568, tokens=1_568)
"""Claude up to 4.6."""
HIGH = Resolution(edge=2_576, tokens=4_784)
"""Claude from 4.7 on."""

_PATCH, _MOST_PATCHES = 32, 1_536
_TILE, _FITS, _SHORT_EDGE = 512, 2_048, 768


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Tokens of an image, and of each tile of it."""

    base: int
    each: int


@dataclass(frozen=True, kw_only=True)
class Patches:
    multiplier: float


# The longest beginning of a model's id that is here counts; OpenAI's newer models all see patches.
_OPENAI: dict[str, Tiles | Patches] = {
    "": Patches(multiplier=1.2),
    "gpt-4o": Tiles(base=85, each=170),
    "gpt-4o-mini": Tiles(base=2_833, each=5_667),
    "gpt-4.1": Tiles(base=85, each=170),
    "gpt-4.1-mini": Patches(multiplier=1.62),
    "gpt-4.1-nano": Patches(multiplier=2.46),
    "gpt-5": Tiles(base=70, each=140),
    "gpt-5-mini": Patches(multiplier=1.2),
    "gpt-5-nano": Patches(multiplier=1.5),
    "gpt-5.": Patches(multiplier=1.2),
    "o1": Tiles(base=75, each=150),
    "o3": Tiles(base=75, each=150),
    "o4-mini": Patches(multiplier=1.72),
}


def claude_image_tokens(width: int, height: int, *, sees: Resolution) -> int:
    """Of the largest size with these proportions that it sees whole."""
    long, short = max(width, height), min(width, height)

    def tokens(edge: int) -> int:
        return math.ceil(edge / _CLAUDE_PATCH) * math.ceil(max(1, round(short * edge / long)) / _CLAUDE_PATCH)

    edges = range(1, min(long, sees.edge) + 1)
    return tokens(max(1, bisect_right(edges, sees.tokens, key=tokens)))


def openai_image_tokens(width: int, height: int, *, model: str, is_low_detail: bool = False) -> int:
    """`model` is an id; one that is not known counts as the newest do. Low detail is one for models that see tiles."""
    rule = _OPENAI[max((start for start in _OPENAI if model.startswith(start)), key=len)]
    if isinstance(rule, Patches):
        return math.ceil(round(_patches(width, height) * rule.multiplier, 6))
    return rule.base if is_low_detail else rule.base + rule.each * _tiles(width, height)


def _tiles(width: int, height: int) -> int:
    scale = min(1.0, _FITS / max(width, height))
    scale = min(scale, _SHORT_EDGE / min(width, height))
    return _pieces(width * scale, _TILE) * _pieces(height * scale, _TILE)


def _patches(width: int, height: int) -> int:
    whole = _pieces(width, _PATCH) * _pieces(height, _PATCH)
    if whole <= _MOST_PATCHES:
        return whole
    scale = math.sqrt(_PATCH**2 * _MOST_PATCHES / (width * height))
    across, down = width * scale / _PATCH, height * scale / _PATCH
    scale *= min(max(1, math.floor(across)) / across, max(1, math.floor(down)) / down)
    return min(_pieces(width * scale, _PATCH) * _pieces(height * scale, _PATCH), _MOST_PATCHES)


def _pieces(pixels: float, size: int) -> int:
    """Rounded first: 33.0000001 patches are 33."""
    return max(1, math.ceil(round(pixels / size, 6)))
