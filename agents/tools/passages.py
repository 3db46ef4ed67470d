"""Finds words in texts: simple, case-insensitive, and bounded by what it is given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

PASSAGE_CHARACTERS = 320

MOST_WORDS = 12

_MOST_PLACES = 200


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Where in which of the texts (`index`) the words stand closest together, and what stands there."""

    index: int
    text: str
    score: float


def split_words(query: str) -> tuple[str, ...]:
    """The words of a query, folded, each once, at most `MOST_WORDS`; what has no letters or digits is none."""
    words = re.findall(r"\w[\w.:/@-]*\w|\w", query.casefold())
    return tuple(dict.fromkeys(words))[:MOST_WORDS]


def find_passages(texts: Sequence[str], words: Sequence[str]) -> list[Passage]:
    """The texts that have any of `words`, best first: many words and rare ones go before few and common ones; among
    equals the later text goes first."""
    hits = {index: found for index, text in enumerate(texts) if (found := _found(text.casefold(), words))}
    common = {word: sum(word in found for found in hits.values()) for word in words}
    weights = {word: 1 + math.log((len(texts) + 1) / (count + 1)) for word, count in common.items()}
    scored = [(sum(weights[word] for word in found), index) for index, found in hits.items()]
    return [
        Passage(index=index, text=passage(texts[index], words=list(hits[index])), score=score)
        for score, index in sorted(scored, reverse=True)
    ]


def passage(text: str, *, words: Sequence[str], characters: int = PASSAGE_CHARACTERS) -> str:
    """The piece of `text`, in one line, in which most of `words` stand."""
    if len(text) <= characters:
        return " ".join(text.split())
    # Folding may change lengths ("ß" becomes "ss"): then the piece is a little off, and still near.
    middle = _densest(text.casefold(), words=words, reach=characters)
    start = max(0, min(middle - characters // 3, len(text) - characters))
    piece = " ".join(text[start : start + characters].split())
    return f"{'…' if start else ''}{piece}{'…' if start + characters < len(text) else ''}"


def _found(text: str, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word in text)


def _densest(text: str, *, words: Sequence[str], reach: int) -> int:
    """Where the rarest of `words` stands with most of the others around it."""
    places = [[found.start() for found in re.finditer(re.escape(word), text)] for word in words]
    rarest = min(filter(None, places), key=len, default=[0])

    def company(start: int) -> int:
        return len(_found(text[max(0, start - reach // 3) : start + reach * 2 // 3], words))

    return max(rarest[:_MOST_PLACES], key=company)
