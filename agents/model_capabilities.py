"""What the model of a row can do: what is built in for its id, with what an admin or the provider itself taught us."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import orjson

from agents.llm.capabilities import Capabilities
from agents.llm.capability_overrides import overridden
from agents.llm.model_families import capabilities_of
from agents.llm.refused_parameters import refusing
from agents.models import LanguageModel


def capabilities_for(model: LanguageModel) -> Capabilities:
    """The sizes are the row's. What a provider refused is not sent again, whatever is built in."""
    return _merged(
        capabilities_of(model.wire, model.model_id),
        overrides=orjson.dumps(model.capabilities),
        refused=tuple(model.refused_parameters),
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
    )


@lru_cache(maxsize=1_024)
def _merged(
    built_in: Capabilities, *, overrides: bytes, refused: tuple[str, ...], context_window: int, max_output_tokens: int
) -> Capabilities:
    """Cached, because every turn asks half a dozen times. `overrides` is JSON."""
    able = overridden(built_in, orjson.loads(overrides))
    able = replace(able, context_window=context_window, max_output_tokens=max_output_tokens)
    return refusing(able, refused)
