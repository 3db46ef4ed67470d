from __future__ import annotations

from collections.abc import Iterable

_TOLD = 20


class CorrelationFault(ValueError):
    """This cannot be compared; the text says what is there instead, and what to do."""


def listed(names: Iterable[str]) -> str:
    """Names for a fault: the first 20, in order, and how many more there are."""
    known = list(names)
    more = f", and {len(known) - _TOLD:,} more" if len(known) > _TOLD else ""
    return ", ".join(name[:64] for name in known[:_TOLD]) + more if known else "nothing"
