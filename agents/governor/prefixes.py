"""Where a request's prefix may be cut so that the provider finds it in its prompt cache, and what each part is worth.

The provider keeps a prefix up to a mark that the request sets (`llm.providers.anthropic_cache`), and finds it again
from a mark of a later request that lies at most 20 blocks behind its end. A digest stands for everything before it.
Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from agents.llm.messages import Message
from agents.llm.providers.base import ModelRequest

LIFE = 290.0
"""Seconds that a prefix is counted on after its last use: five minutes, less what is lost on the way."""

_LOOK_BACK = 20


@dataclass(frozen=True, kw_only=True)
class Point:
    """An end of a prefix: its digest, and the tokens (as we count) and blocks before it. `is_marked`: the request asks
    the provider to keep it, which it does with what is long enough (`is_long`)."""

    digest: str
    tokens: int
    blocks: int
    is_marked: bool
    is_long: bool


def points_of(request: ModelRequest) -> tuple[Point, ...]:
    """One after the instructions and tools, one after each message. None where the model's prefixes are not marked."""
    if request.capabilities.cache != "marked":
        return ()
    counts = request.counts
    frame = [request.model, request.instructions, [vars(tool) for tool in request.tools]]
    running = hashlib.blake2b(_bytes(frame), digest_size=12)
    tokens, blocks = counts.instructions + counts.tools + counts.overhead, 0
    least = request.capabilities.cache_minimum
    points = [Point(digest=running.hexdigest(), tokens=tokens, blocks=0, is_marked=True, is_long=tokens >= least)]
    marked = {len(request.messages) - 1, _newest_question(request.messages) - 1}
    # What decides how a model answers decides over the messages' part of its cache, too.
    running.update(_bytes([request.tool_choice, request.effort]))
    for n, message in enumerate(request.messages):
        running.update(_bytes([message.role, [vars(part) for part in message.parts]]))
        tokens, blocks = tokens + counts.messages[n], blocks + len(message.parts)
        digest, is_long = running.hexdigest(), tokens >= least
        points.append(Point(digest=digest, tokens=tokens, blocks=blocks, is_marked=n in marked, is_long=is_long))
    return tuple(points)


def reachable(points: Sequence[Point]) -> list[Point]:
    """Those that the provider would find if it had them, the longest first."""
    marks = [point.blocks for point in points[1:] if point.is_marked]
    found = [point for point in points[1:] if any(0 <= mark - point.blocks < _LOOK_BACK for mark in marks)]
    return [*reversed(found), *points[:1]]


def _newest_question(messages: Sequence[Message]) -> int:
    return next((n for n in range(len(messages) - 1, -1, -1) if messages[n].role == "user"), 0)


def _bytes(value: object) -> bytes:
    return orjson.dumps(value, default=dict)
