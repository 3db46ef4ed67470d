"""What the sandbox knows of a model that it serves: its sizes, and the rules that it holds a request to.

The sandbox judges what a client sends, so it keeps a table of its own and shares none with the clients of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Vendor = Literal["anthropic", "openai"]

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ThinkingType = Literal["adaptive", "enabled", "disabled", "between_tools"]

ForcedTools = Literal["always", "without_thinking", "never"]
"""Whether a request may force a tool call."""

ChatTools = Literal["always", "if_effort_none", "never"]
"""Whether Chat Completions takes function tools for this model."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """Sizes in tokens. `token_factor` is what one token of o200k_base counts as.

    `efforts` are those that a request may name, `default_effort` is that of a request that names none; "none" is no
    thinking. `idle_thought` is how many tokens the model thinks unasked, at effort "high". A prefix shorter than
    `cache_minimum` is never cached. `retires` is the day on which the vendor stops to serve it.
    """

    id: str
    name: str
    vendor: Vendor
    context_window: int
    max_output_tokens: int
    max_input_tokens: int | None = None
    token_factor: float = 1.0
    efforts: tuple[Effort, ...] = ()
    default_effort: Effort = "none"
    idle_thought: int = 0
    cache_minimum: int = 1_024
    retires: date | None = None


@dataclass(frozen=True, kw_only=True)
class ServedClaude(ServedModel):
    """A model on the Messages wire. `frame` is what every request counts besides its contents.

    `any_sampling`: the older API version takes any temperature; otherwise only the default. `one_sampling`:
    temperature and top_p exclude each other. `thinks_unasked` without a `thinking` parameter. `hides_thought`: thinking
    blocks are empty unless a request asks for a summary. `undo_efforts` are the efforts at which thinking can be
    disabled. `binds_thinking`: a thinking block is refused once what came before it has changed.
    `strict_seals`: a signature that nobody wrote is refused; the sandbox's own model lets it pass. `prefill`: a
    request may end in an assistant message. `system_messages`: it may have some in between.
    """

    vendor: Vendor = "anthropic"
    frame: int = 3
    any_sampling: bool = False
    one_sampling: bool = False
    forced_tools: ForcedTools = "always"
    thinking_types: tuple[ThinkingType, ...] = ()
    thinks_unasked: bool = False
    hides_thought: bool = False
    undo_efforts: tuple[Effort, ...] = ()
    binds_thinking: bool = False
    strict_seals: bool = True
    prefill: bool = False
    system_messages: bool = False


@dataclass(frozen=True, kw_only=True)
class ServedGpt(ServedModel):
    """A model on the two OpenAI wires.

    `reasons`: a reasoning model, which takes sampling parameters at most at effort "none" (`free_at_none`) and caps its
    replies with `max_completion_tokens`. `stop_texts`: takes the parameter `stop`. `caches` its prompts;
    `writes_cache`: its usage tells what was newly cached, and that lives for half an hour.
    """

    vendor: Vendor = "openai"
    reasons: bool = False
    free_at_none: bool = False
    chat_tools: ChatTools = "always"
    stop_texts: bool = True
    caches: bool = True
    writes_cache: bool = False
