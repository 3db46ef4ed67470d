"""What the model of a row can do: what is built in for its id, with what an admin or the provider itself taught us."""

from __future__ import annotations

from dataclasses import replace

from agents.llm.capabilities import Capabilities
from agents.llm.capability_overrides import overridden
from agents.llm.model_families import capabilities_of
from agents.llm.refused_parameters import refusing
from agents.models import LanguageModel


def capabilities_for(model: LanguageModel) -> Capabilities:
    """The sizes are the row's. What a provider refused is not sent again, whatever is built in."""
    able = overridden(capabilities_of(model.wire, model.model_id), model.capabilities)
    able = replace(able, context_window=model.context_window, max_output_tokens=model.max_output_tokens)
    return refusing(able, model.refused_parameters)
