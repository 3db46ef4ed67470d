"""Rows for tests, each with only what it must have."""

from __future__ import annotations

from typing import Any

from agents.models import LanguageModel, Provider, Wire


def make_model(
    *,
    kind: str = Provider.Kind.SANDBOX,
    auth: str = Provider.Auth.NONE,
    wire: str = Wire.ANTHROPIC_MESSAGES,
    slug: str = "p",
    model_id: str = "sandbox-claude",
    context_window: Any = 200_000,
    max_output_tokens: Any = 64_000,
    **provider: Any,
) -> LanguageModel:
    row, _ = Provider.objects.get_or_create(slug=slug, defaults={"name": slug, "kind": kind, "auth": auth, **provider})
    return LanguageModel.objects.create(
        provider=row,
        model_id=model_id,
        name=model_id,
        wire=wire,
        context_window=context_window,
        max_output_tokens=max_output_tokens,
    )
