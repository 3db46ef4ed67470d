"""What a model can do, as data: its sizes, and what a request to it may hold.

What is known of the vendors' models stands in `model_families`; a row may override any of it. A model that is not in
the table is taken for one that can do little, and `known` says so: a request with a parameter that a model refuses
fails as a whole, while a temperature that is not sent costs a little taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from agents.llm.vocabulary import EncodingName

Sampling = Literal["none", "default_only", "range"]
"""Does the model take a temperature: not at all, its own default alone, or any from 0 to a maximum?"""

TokenParameter = Literal["max_tokens", "max_completion_tokens"]
"""What the cap of a reply is called on OpenAI's Chat Completions; the other wires have one name each."""

ToolsApi = Literal["chat", "responses", "chat_if_effort_none"]
"""Where an OpenAI model takes tools: on Chat Completions, on Responses alone, or on Chat Completions without
reasoning. Says nothing on Anthropic's wire."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model may think before it answers; "none" switches thinking off."""

Thinking = Literal["none", "opt_in", "default_on", "always"]
"""Whether the model thinks: never (or not in a way that we use), when it is asked to, unless it is told not to, or
always."""

Parameter = Literal[
    "temperature",
    "effort",
    "effort_with_tools",
    "thinking",
    "thoughts",
    "max_tokens",
    "max_completion_tokens",
    "stream_options",
    "tool_choice",
    "cache_control",
    "include",
    "store",
]
"""What a provider may refuse for one model, and what a request can then do without (`agents.llm.refused_parameters`).
"effort_with_tools": an effort beside tools, on Chat Completions; "thoughts": that thoughts are to be shown."""

CacheMarking = Literal["none", "automatic", "marked"]
"""How a prefix gets into the provider's prompt cache: never, by itself, or where the request marks it."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """Sizes in tokens, None where they are not known.

    `temperature_max` counts where `temperature` is "range". `max_input_tokens` is None where only the window limits the
    input. `efforts` are those that the model takes, weakest first; `default_effort` is what it does unasked.
    `binds_thinking`: it refuses its own thinking after an edited history, so that must be left out then.
    `cache_minimum` is the shortest prefix that is cached. `token_factor` turns tokens of `encoding` into the model's.
    `retires` is the day on which the vendor stops to serve the model. `refused` holds what its provider refused before.
    """

    temperature: Sampling
    temperature_max: float = 0.0
    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    token_parameter: TokenParameter = "max_tokens"  # noqa: S105 - a parameter's name
    tools_api: ToolsApi = "chat"
    forced_tool_choice: bool = False
    thinking: Thinking = "none"
    efforts: tuple[Effort, ...] = ()
    default_effort: Effort | None = None
    binds_thinking: bool = False
    cache: CacheMarking = "none"
    cache_minimum: int = 1_024
    encoding: EncodingName = "o200k_base"
    token_factor: float = 1.0
    retires: date | None = None
    known: bool = True
    refused: frozenset[Parameter] = frozenset()


CONSERVATIVE = Capabilities(temperature="none", known=False)
"""Of a model that nothing is known of."""
