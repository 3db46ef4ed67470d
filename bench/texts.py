"""Texts of so many tokens: pieces of Python's manual."""

from __future__ import annotations

from functools import cache
from random import Random

from agents.llm.vocabulary import load_encoding
from bench.corpora import corpus


def text_of(name: str, *, tokens: int, factor: float = 1.0) -> str:
    """About `tokens` tokens for a model that counts `factor` tokens for one of o200k_base; the same for each name."""
    ids = _ids()
    count = min(len(ids), max(1, round(tokens / factor)))
    start = Random(name).randrange(len(ids) - count + 1)
    return load_encoding("o200k_base").decode(ids[start : start + count])


@cache
def _ids() -> list[int]:
    return load_encoding("o200k_base").encode_ordinary(corpus("English"))
