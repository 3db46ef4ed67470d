"""A look at the pools' states, for pages and the API. Whoever keeps the states says here how to see one.

A pool goes by `pool:<id of its RatePool>`; a model in none by `model:<id of its LanguageModel>`: its limits are only
learnt. Times in a state are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from agents.governor.state import PoolState

Peek = Callable[[str], PoolState | None]


def nothing_known(key: str) -> None:
    return None


_source: Peek = nothing_known


def see_through(source: Peek) -> Peek:
    """From now on `peek` asks `source`, from any thread that may block; it gives copies. Returns the one before."""
    global _source
    before, _source = _source, source
    return before


def peek(key: str) -> PoolState | None:
    """A copy of the state; None where nothing is known yet."""
    return _source(key)
