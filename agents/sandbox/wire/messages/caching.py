"""Anthropic's prompt cache: prefixes that the request marks (`cache_control`), in the order tools, system, messages.

Each mark writes the prefix that ends at it. It reads the longest one that was written before and ends at it or at most
20 blocks earlier. A prefix that is shorter than the model's minimum is silently not cached.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from agents.sandbox.claude_tokens import CountedBlock
from agents.sandbox.models import ServedClaude
from agents.sandbox.prompt_cache import MINUTES, CachePlan, Prefix

_LOOK_BACK = 20
_LIVES = {"5m": 5 * MINUTES, "1h": 60 * MINUTES}
_OF_ALL = ("model", "speed")
_OF_MESSAGES = ("thinking", "output_config", "tool_choice")
"""Parameters that are part of every prefix, and of those alone that reach into the messages."""


@dataclass(frozen=True, kw_only=True)
class _End:
    """Where a prefix may end. `mark` is the life that the request wants for it, None for no mark."""

    prefix: Prefix
    mark: str | None


def cache_plan(body: Mapping[str, Any], *, blocks: Sequence[CountedBlock], model: ServedClaude) -> CachePlan:
    """`blocks` are those of the body, counted."""
    marks = _marks(body, blocks=blocks)
    if not any(marks):
        return CachePlan()
    ends = list(_ends(body, blocks=blocks, marks=marks, factor=model.token_factor))
    marked = [place for place, end in enumerate(ends) if end.mark and end.prefix.tokens >= model.cache_minimum]
    seen = {place for mark in marked for place in range(max(0, mark - _LOOK_BACK), mark + 1)}
    readable = [ends[place].prefix for place in sorted(seen, reverse=True)]
    return CachePlan(
        readable=tuple(prefix for prefix in readable if prefix.tokens >= model.cache_minimum),
        writable=tuple(ends[place].prefix for place in marked),
    )


def _marks(body: Mapping[str, Any], *, blocks: Sequence[CountedBlock]) -> list[str | None]:
    """For each block the life that its mark asks for. A mark of the whole body is one of its last block."""
    marks = [_life(counted.block) for counted in blocks]
    if body.get("cache_control") and marks:
        marks[-1] = marks[-1] or _life(body)
    return marks


def _life(marked: Mapping[str, Any]) -> str | None:
    mark = marked.get("cache_control")
    return (mark.get("ttl") or "5m") if mark else None


def _ends(
    body: Mapping[str, Any], *, blocks: Sequence[CountedBlock], marks: Sequence[str | None], factor: float
) -> Iterator[_End]:
    running = hashlib.blake2b(_told(body, names=_OF_ALL), digest_size=12)
    raw, plain, in_messages = 0, 0, False
    for counted, mark in zip(blocks, marks, strict=True):
        if "role" in counted.block and not in_messages:
            in_messages = True
            running.update(_told(body, names=_OF_MESSAGES))
        told = {key: value for key, value in counted.block.items() if key != "cache_control"}
        running.update(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
        raw, plain = raw + counted.raw, plain + counted.plain
        tokens = math.ceil(raw * factor) + plain
        yield _End(prefix=Prefix(key=running.digest(), tokens=tokens, life=_LIVES[mark or "5m"]), mark=mark)


def _told(body: Mapping[str, Any], *, names: Sequence[str]) -> bytes:
    return orjson.dumps([body.get(name) for name in names], option=orjson.OPT_SORT_KEYS)
