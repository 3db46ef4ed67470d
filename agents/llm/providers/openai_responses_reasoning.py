"""A reasoning item of the Responses wire <-> the signature of a `ReasoningPart`.

The item is encrypted, belongs to the model that thought it, and is sent back as it came: its id and its encrypted
content are the signature, its summary is the part's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from agents.llm.messages import ReasoningPart


def signature_of(item: Mapping[str, Any]) -> str:
    """ "" for an item that cannot be sent back: without its content, the server would look for it and find nothing."""
    id, content = item.get("id"), item.get("encrypted_content")
    return orjson.dumps({"id": id, "encrypted_content": content}).decode() if id and content else ""


def item_of(part: ReasoningPart) -> dict[str, Any] | None:
    """None for a signature that is none of ours."""
    try:
        signed = orjson.loads(part.signature)
        id, content = signed["id"], signed["encrypted_content"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    return {"type": "reasoning", "id": id, "summary": summary, "encrypted_content": content}
