"""Where a request marks its prefix for the prompt cache (`cache_control`), and what may be marked."""

from __future__ import annotations

from collections.abc import Iterator

from agents.sandbox.wire.messages.body import CacheMark, CountBody, TextBlock, bad_request

MOST_MARKS = 4


def check_marks(body: CountBody) -> None:
    """Raises WireError with status 400 for too many marks, and for those in an order that cannot be."""
    marks = list(_marks(body))
    if len(marks) > MOST_MARKS:
        raise bad_request(f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {len(marks)}.")
    short = False
    for mark in marks:
        if mark.ttl == "1h" and short:
            raise bad_request("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")
        short = short or mark.ttl != "1h"


def _marks(body: CountBody) -> Iterator[CacheMark]:
    """In the order of the prompt: tools, system, messages, and the one for the whole."""
    blocks = (*body.tools, *body.system, *(block for message in body.messages for block in message.content))
    for block in blocks:
        mark = getattr(block, "cache_control", None)
        if mark is None:
            continue
        if isinstance(block, TextBlock) and not block.text:
            raise bad_request("cache_control cannot be set for empty text blocks")
        yield mark
    if body.cache_control is not None:
        yield body.cache_control
