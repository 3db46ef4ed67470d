"""How much of a tool result is shown where it is only glanced at."""

from __future__ import annotations

from typing import Any

from agents.llm.messages import ToolResult
from agents.llm.tool_results import is_extract

PREVIEW_CHARACTERS = 400


def preview(text: str) -> dict[str, Any]:
    return {"preview": text[:PREVIEW_CHARACTERS], "shortened": len(text) > PREVIEW_CHARACTERS}


def shown_result(given: ToolResult) -> dict[str, Any]:
    """What is told of a result, but for its tokens."""
    return {"id": given.call_id, "ok": given.ok, **preview_of(given), "took_ms": given.took_ms}


def preview_of(given: ToolResult) -> dict[str, Any]:
    """Of a result as the model is given it; it is shortened, too, where that is not the whole of it."""
    shown = preview(given.text)
    return shown | {"shortened": shown["shortened"] or is_extract(given.text, given.handle)}
