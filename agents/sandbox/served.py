"""The models that the sandbox serves.

Those of its own are there for people; the real names are there so that a real provider's configuration can be pointed
at the sandbox as a gateway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.sandbox.claude_models import CLAUDE_MODELS, OLD_FACTOR
from agents.sandbox.gpt_models import GPT_MODELS
from agents.sandbox.models import ServedClaude, ServedGpt, ServedModel, Vendor

__all__ = ["CLAUDE_FACTOR", "ServedModel", "Vendor", "find_claude", "find_gpt", "find_model", "models_of"]

CLAUDE_FACTOR = OLD_FACTOR
"""Of the sandbox's own Claude."""

_CLAUDE: Mapping[str, ServedClaude] = {model.id: model for model in CLAUDE_MODELS}
_GPT: Mapping[str, ServedGpt] = {model.id: model for model in GPT_MODELS}


def models_of(vendor: Vendor) -> Sequence[ServedModel]:
    return CLAUDE_MODELS if vendor == "anthropic" else GPT_MODELS


def find_model(*, vendor: Vendor, model_id: str) -> ServedModel | None:
    """The model that `vendor` serves under this id; None if there is none."""
    return find_claude(model_id) if vendor == "anthropic" else find_gpt(model_id)


def find_claude(model_id: str) -> ServedClaude | None:
    return _CLAUDE.get(model_id)


def find_gpt(model_id: str) -> ServedGpt | None:
    return _GPT.get(model_id)
