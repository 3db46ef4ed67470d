"""Where a prefix may be marked for the cache."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.sandbox.stage import Stage
from tests.agents.sandbox.wire.posting import post

MARK = {"cache_control": {"type": "ephemeral"}}
LONG = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
TOOL = {"name": "query", "input_schema": {"type": "object", "properties": {}}}


def text(words: str, **mark: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **mark}


def body(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": list(blocks) or [text("hello")]}
    return {"model": "sandbox-claude", "max_tokens": 100, "messages": [message], **more}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (body(*[text("x", **MARK)] * 5), "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        (
            body(*[text("x", **MARK)] * 3, tools=[{**TOOL, **MARK}], system=[text("y", **MARK)]),
            "may be provided. Found 5.",
        ),
        (body(*[text("x", **MARK)] * 4, **MARK), "may be provided. Found 5."),
        (body(text("x", **LONG), system=[text("y", **MARK)]), "a ttl='1h' cache_control block must not come after"),
        (body(text("", **MARK)), "cache_control cannot be set for empty text blocks"),
        (body(text("x", cache_control={"type": "ephemeral", "ttl": "2h"})), "Input should be '5m' or '1h'"),
        (body(text("x", cache_control={"type": "eternal"})), "Input should be 'ephemeral'"),
        (body(text(" \n")), "text content blocks must contain non-whitespace text"),
    ],
)
async def test_wrong_marks(near_stage: Stage, sent: dict[str, Any], words: str) -> None:
    answer = await post(near_stage, "/v1/messages", sent)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


async def test_four_marks_are_taken(near_stage: Stage) -> None:
    sent = body(text("x", **MARK), tools=[{**TOOL, **LONG}], system=[text("y", **LONG)], **MARK)
    assert (await post(near_stage, "/v1/messages", sent)).status_code == 200
