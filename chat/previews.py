"""How much of a tool result is shown where it is only glanced at."""

from __future__ import annotations

from typing import Any

PREVIEW_CHARACTERS = 400


def preview(text: str) -> dict[str, Any]:
    return {"preview": text[:PREVIEW_CHARACTERS], "shortened": len(text) > PREVIEW_CHARACTERS}
