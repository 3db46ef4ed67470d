"""How fast the sandbox speaks, and in which pieces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from agents.sandbox.script.beats import Pace

SLOW_TOKENS_PER_SECOND = 15
_LIVELY_SECONDS = 0.01
_LIVELY_WORDS = 3
_LIVELY_PIECES = 400
"""A lively text comes in at most about so many pieces, longer ones then: it never takes much over four seconds."""

_WORD = re.compile(r"\s*\S{1,24}|\s+")


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """`factor` stretches every rest, 0 removes them. `sleep` takes seconds; tests hand in their own."""

    factor: float = 1.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def rest(self, *, pace: Pace, tokens: float) -> None:
        """The pause after a piece of `tokens` tokens. Even a pause of 0 lets others run."""
        seconds = tokens / SLOW_TOKENS_PER_SECOND if pace == "slow" else _LIVELY_SECONDS
        await self.sleep(seconds * self.factor)


def text_pieces(text: str, *, pace: Pace) -> Iterator[str]:
    """`text` in pieces of whole words: one by one when slow, a few at a time when lively."""
    words = _WORD.findall(text)
    step = 1 if pace == "slow" else max(_LIVELY_WORDS, len(words) // _LIVELY_PIECES)
    return ("".join(words[start : start + step]) for start in range(0, len(words), step))


def argument_pieces(arguments: str) -> Iterator[str]:
    """The JSON text of a tool call in pieces that do not care for words."""
    step = max(12, len(arguments) // _LIVELY_PIECES)
    return (arguments[start : start + step] for start in range(0, len(arguments), step))
