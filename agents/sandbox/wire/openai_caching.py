"""OpenAI's prompt cache: automatic, for prompts of 1,024 tokens or more, in steps of 128.

How many tokens a part of an item has is judged by its characters, so that nothing is encoded twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from agents.sandbox.gpt_tokens import CountedItem
from agents.sandbox.models import ServedGpt, ServedModel
from agents.sandbox.prompt_cache import MINUTES, CachePlan, CacheUse, Prefix

STEP = 128
_PIECE = 512
"""Bytes after which a prefix may end within an item: about a step."""

_LIFE = 5 * MINUTES
_NEW_LIFE = 30 * MINUTES
_OF_ALL = ("model", "prompt_cache_key", "reasoning_effort", "reasoning", "verbosity", "text")
"""Parameters that are part of every prefix."""


def cache_plan(body: Mapping[str, Any], *, items: Sequence[CountedItem], model: ServedGpt) -> CachePlan:
    """`items` are those of the body, counted."""
    if not model.caches or sum(item.tokens for item in items) < model.cache_minimum:
        return CachePlan()
    life = _NEW_LIFE if model.writes_cache else _LIFE
    steps = tuple(
        Prefix(key=key, tokens=tokens, life=life)
        for tokens, key in _steps(body, items=items)
        if tokens >= model.cache_minimum
    )
    return CachePlan(readable=steps[::-1], writable=steps)


def cached_details(use: CacheUse, *, model: ServedModel) -> dict[str, int]:
    """As both wires tell it; models before 5.6 do not tell what they wrote."""
    return {
        "cached_tokens": use.read,
        "cache_write_tokens": use.written if isinstance(model, ServedGpt) and model.writes_cache else 0,
    }


def _steps(body: Mapping[str, Any], *, items: Sequence[CountedItem]) -> Iterator[tuple[int, bytes]]:
    """Tokens, in whole steps, with a digest of the prompt up to there: at the end of every item and within it."""
    running = hashlib.blake2b(orjson.dumps([body.get(name) for name in _OF_ALL]), digest_size=12)
    before = 0
    for item in items:
        text = orjson.dumps(item.sent)
        for start in range(0, len(text), _PIECE):
            piece = text[start : start + _PIECE]
            running.update(piece)
            tokens = before + item.tokens * (start + len(piece)) // len(text)
            yield tokens // STEP * STEP, running.digest()
        before += item.tokens
