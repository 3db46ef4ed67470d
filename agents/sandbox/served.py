"""The models that the sandbox serves, each with the limits that it enforces.

The two of its own are there for people; the real names are there so that a real provider's configuration can be pointed
at the sandbox as a gateway. Sources of the sizes (tokens): the vendors' model pages as of October 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vendor = Literal["anthropic", "openai"]


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """`token_factor` is what one token of o200k_base counts as; `prefill` says that a request may end in an
    assistant message (Claude up to 4.5)."""

    id: str
    name: str
    vendor: Vendor
    context_window: int
    max_output_tokens: int
    token_factor: float = 1.0
    prefill: bool = False


CLAUDE_FACTOR = 1.25
"""Claude up to 4.6 counts about 1.25 times what o200k_base counts, for code and English."""

_MODELS = (
    ServedModel(
        id="sandbox-claude",
        name="Sandbox Claude (no AI)",
        vendor="anthropic",
        context_window=200_000,
        max_output_tokens=64_000,
        token_factor=CLAUDE_FACTOR,
    ),
    ServedModel(
        id="sandbox-gpt",
        name="Sandbox GPT (no AI)",
        vendor="openai",
        context_window=128_000,
        max_output_tokens=16_384,
    ),
    ServedModel(
        id="claude-sonnet-4-6",
        name="Claude Sonnet 4.6, played by the sandbox",
        vendor="anthropic",
        context_window=1_000_000,
        max_output_tokens=128_000,
        token_factor=CLAUDE_FACTOR,
    ),
    ServedModel(
        id="claude-haiku-4-5",
        name="Claude Haiku 4.5, played by the sandbox",
        vendor="anthropic",
        context_window=200_000,
        max_output_tokens=64_000,
        token_factor=CLAUDE_FACTOR,
        prefill=True,
    ),
    ServedModel(
        id="gpt-4.1",
        name="GPT-4.1, played by the sandbox",
        vendor="openai",
        context_window=1_047_576,
        max_output_tokens=32_768,
    ),
    ServedModel(
        id="gpt-4o",
        name="GPT-4o, played by the sandbox",
        vendor="openai",
        context_window=128_000,
        max_output_tokens=16_384,
    ),
)


def models_of(vendor: Vendor) -> tuple[ServedModel, ...]:
    return tuple(model for model in _MODELS if model.vendor == vendor)


def find_model(*, vendor: Vendor, model_id: str) -> ServedModel | None:
    """The model that `vendor` serves under this id; None if there is none."""
    return next((model for model in models_of(vendor) if model.id == model_id), None)
