"""A short result that holds a list says its handle, for an agent that can do something with it: `correlate` reads lists
by their handles. It costs a dozen tokens, and only where there is a list."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agents.llm.messages import ToolSpec
from agents.tools.correlate import correlate
from agents.tools.pasted import has_records


def takes_handles(tools: Iterable[ToolSpec]) -> bool:
    return any(tool.name == correlate.spec.name for tool in tools)


def with_handle(text: str, handle: str) -> str:
    """`text`, and below it its handle if there are records in it; `text` itself if not."""
    return f"{text}\n[handle {handle}]" if _has_records(text) else text


def _has_records(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return has_records(value)
