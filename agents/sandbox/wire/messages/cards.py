"""How the Models API describes a Claude model: its limits, its end, and what it can."""

from __future__ import annotations

from typing import Any

from agents.sandbox.models import ServedClaude

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_TYPES = ("adaptive", "enabled", "disabled", "between_tools")
_NOT_SERVED = ("batch", "citations", "code_execution", "pdf_input", "structured_outputs")


def claude_card(model: ServedClaude) -> dict[str, Any]:
    """`GET /v1/models/{id}`. A model whose end is known is deprecated."""
    retires = f"{model.retires}T00:00:00Z" if model.retires else None
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "deprecated" if retires else "active",
        "deprecated_at": "2026-06-01T00:00:00Z" if retires else None,
        "retires_at": retires,
        "line": None,
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
        "capabilities": _capabilities(model),
    }


def _capabilities(model: ServedClaude) -> dict[str, Any]:
    return {
        **{name: _support(False) for name in _NOT_SERVED},
        "image_input": _support(True),
        "context_management": _support(False),
        "server_tools": _support(False),
        "effort": {**_support(bool(model.efforts)), **{name: _support(name in model.efforts) for name in _EFFORTS}},
        "thinking": {
            **_support(bool(model.thinking_types)),
            "types": {name: _support(name in model.thinking_types) for name in _TYPES},
        },
    }


def _support(supported: bool) -> dict[str, bool]:
    return {"supported": supported}
