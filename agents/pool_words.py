"""How a rate pool stands, in words for its admin: what is free, what to do where its numbers are not the provider's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from agents.governor.levels import Level, PoolLevels
from agents.governor.limits import Dimension

WORDS: Mapping[Dimension, str] = {
    "requests": "requests",
    "input": "input tokens",
    "output": "output tokens",
    "tokens": "tokens",
}

_WHOLE_MINUTE = 60.0
_NOTICEABLE = 0.05
"""Share of a key that others take from which on it is told."""


def free_of(level: Level) -> str:
    """Of a minute's limit; where only a part of it may be used at once, of that part."""
    if level.burst >= _WHOLE_MINUTE:
        return f"{level.free:,.0f} of {level.in_force:,.0f} free"
    return f"{max(0, math.floor(level.level)):,} of {math.floor(level.capacity):,} free at once"


def advice_on(levels: PoolLevels) -> list[str]:
    """One sentence or two for each thing that an admin should look at; none where all is as entered."""
    return [sentence for level in levels.dimensions for sentence in _advice(level)]


def flight_of(levels: PoolLevels) -> str:
    most = "" if levels.concurrency is None else f" of at most {levels.concurrency:,}"
    return f"Calls in flight: {levels.running:,}{most}."


def queue_of(levels: PoolLevels) -> str:
    """Who waits, in a sentence; "" where nobody does."""
    if levels.closed:
        return f"Nothing is sent now: {levels.closed}."
    if not levels.waiting:
        return ""
    calls = "1 call waits" if levels.waiting == 1 else f"{levels.waiting:,} calls wait"
    return f"{calls}; a new small one would, too, for about {math.ceil(levels.wait or 0):,} s."


def _advice(level: Level) -> Iterator[str]:
    name = WORDS[level.dimension].capitalize()
    if level.configured is not None and level.learnt is not None:
        entered, learnt = f"{level.configured:,.0f}", f"{level.learnt:,.0f}"
        if level.learnt < level.configured:
            yield (
                f"{name}: {entered} a minute are entered, but the provider enforces {learnt}. Calls are held to "
                f"{learnt}. Enter {learnt} here, or have the limit raised in the provider's console."
            )
        else:
            yield (
                f"{name}: {entered} a minute are entered, but the provider allows {learnt}, and that is used. Enter "
                f"{learnt} here, so that it is known from the first call on."
            )
    if level.configured is not None and level.burst < level.configured_burst and level.differs:
        field = "Request burst seconds" if level.dimension == "requests" else "Token burst seconds"
        yield (
            f"{name}: the provider refused calls although its limit per minute was not reached, so only "
            f"{level.burst:.2g} seconds of it are used at once, not {level.configured_burst:g}. If this stays so, "
            f"enter {max(1, math.floor(level.burst))} as {field}."
        )
    if level.foreign >= _NOTICEABLE:
        yield (
            f"{name}: about {level.foreign:.0%} seem to be used by others with the same key. To have it all, give this "
            "installation a key of its own."
        )
