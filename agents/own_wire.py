"""The wire that a model is best spoken to on, where nobody says it."""

from __future__ import annotations

from agents.llm.model_families import capabilities_of
from agents.models import Provider, Wire


def own_wire(kind: str, model_id: str) -> Wire:
    """OpenAI's thinking models take tools and thinking together on Responses alone. A gateway is sure to speak Chat
    Completions. ValueError for the sandbox, which speaks every wire."""
    if kind == Provider.Kind.ANTHROPIC:
        return Wire.ANTHROPIC_MESSAGES
    if kind == Provider.Kind.OPENAI_COMPATIBLE:
        return Wire.OPENAI_CHAT
    if kind != Provider.Kind.OPENAI:
        raise ValueError(f"a provider of kind {kind!r} has no wire of its own")
    able = capabilities_of(Wire.OPENAI_RESPONSES, model_id)
    return Wire.OPENAI_CHAT if able.known and able.thinking == "none" else Wire.OPENAI_RESPONSES
