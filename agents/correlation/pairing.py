"""`total=amount`: which field of the left means the same as which of the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.correlation.fault import CorrelationFault, listed

MOST_KEYS = 5
MOST_FIELDS = 20


@dataclass(frozen=True, kw_only=True)
class Pair:
    left: str
    right: str

    @property
    def name(self) -> str:
        return self.left if self.left == self.right else f"{self.left}={self.right}"


def read_pairs(written: Iterable[str]) -> list[Pair]:
    """Each `name`, where both sides have it, or `left=right`. Raises CorrelationFault."""
    pairs = []
    for text in written:
        left, equals, right = (part.strip() for part in text.partition("="))
        if not left or (equals and not right):
            raise CorrelationFault(f"{text!r} names no field: write id, or left_name=right_name")
        pairs.append(Pair(left=left, right=right or left))
    if len({pair.name for pair in pairs}) < len(pairs):
        raise CorrelationFault("a field is named twice")
    return pairs


def common_pairs(left: Iterable[str], right: Iterable[str], *, keys: Sequence[Pair]) -> list[Pair]:
    """The fields that both sides have by the same name, but for the keys. Raises CorrelationFault if too many."""
    taken = {key.left for key in keys} | {key.right for key in keys}
    others = set(right)
    names = [name for name in left if name in others and name not in taken]
    if len(names) > MOST_FIELDS:
        raise CorrelationFault(
            f"both sides have {len(names)} fields in common, and {MOST_FIELDS} can be compared at once: name those "
            f"that matter. There are: {listed(names)}"
        )
    return [Pair(left=name, right=name) for name in names]


def check_numbers(*, keys: Sequence[Pair], fields: Sequence[Pair]) -> None:
    if not keys or len(keys) > MOST_KEYS:
        raise CorrelationFault(f"name 1 to {MOST_KEYS} keys that say which records are the same entity")
    if len(fields) > MOST_FIELDS:
        raise CorrelationFault(f"{len(fields)} fields are named; at most {MOST_FIELDS} are compared at once")
