"""`total=amount_cents/100`: which field of the left means the same as which of the right, in which unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.correlation.fault import CorrelationFault, listed

MOST_KEYS = 5
MOST_FIELDS = 20

_SCALED = re.compile(r"(?P<field>.+?)\s*(?P<sign>[*/])\s*(?P<number>\d{1,12}(\.\d{1,12})?)")


@dataclass(frozen=True, kw_only=True)
class Term:
    """A field of one side. Its numbers are multiplied by `times` and divided by `over`."""

    field: str
    times: float = 1.0
    over: float = 1.0

    @property
    def is_scaled(self) -> bool:
        return self.times != self.over


@dataclass(frozen=True, kw_only=True)
class Pair:
    name: str
    left: Term
    right: Term


def read_pairs(written: Iterable[str]) -> list[Pair]:
    """Each `name`, where both sides have it, or `left=right`; a field may be followed by /100 or *60. CorrelationFault
    for what is neither."""
    pairs = []
    for text in written:
        left, equals, right = (part.strip() for part in text.partition("="))
        if not left or (equals and not right):
            raise CorrelationFault(f"{text!r} names no field: write id, or left_name=right_name")
        pairs.append(Pair(name=text.strip(), left=_term(left), right=_term(right or left)))
    if len({pair.name for pair in pairs}) < len(pairs):
        raise CorrelationFault("a field is named twice")
    return pairs


def read_synonyms(written: Iterable[str]) -> dict[str, str]:
    """Of `paid=captured`: what a text of the right means on the left. CorrelationFault for what is not written so."""
    synonyms = {}
    for text in written:
        left, equals, right = (part.strip() for part in text.partition("="))
        if not (left and equals and right):
            raise CorrelationFault(f"{text!r} does not say which values mean the same: write left_value=right_value")
        synonyms[right] = left
    return synonyms


def _term(text: str) -> Term:
    scaled = _SCALED.fullmatch(text)
    if scaled is None:
        return Term(field=text)
    number = float(scaled["number"])
    if not number:
        raise CorrelationFault(f"{text!r}: a field is not multiplied with or divided by 0")
    return Term(field=scaled["field"], **{"times" if scaled["sign"] == "*" else "over": number})


def common_pairs(left: Iterable[str], right: Iterable[str], *, keys: Sequence[Pair]) -> list[Pair]:
    """The fields that both sides have by the same name, but for the keys. Raises CorrelationFault if too many."""
    taken = {term.field for key in keys for term in (key.left, key.right)}
    others = set(right)
    names = [name for name in left if name in others and name not in taken]
    if len(names) > MOST_FIELDS:
        raise CorrelationFault(
            f"both sides have {len(names)} fields in common, and {MOST_FIELDS} can be compared at once: name those "
            f"that matter. There are: {listed(names)}"
        )
    return [Pair(name=name, left=Term(field=name), right=Term(field=name)) for name in names]


def check_numbers(*, keys: Sequence[Pair], fields: Sequence[Pair]) -> None:
    if not keys or len(keys) > MOST_KEYS:
        raise CorrelationFault(f"name 1 to {MOST_KEYS} keys that say which records are the same entity")
    if len(fields) > MOST_FIELDS:
        raise CorrelationFault(f"{len(fields)} fields are named; at most {MOST_FIELDS} are compared at once")
