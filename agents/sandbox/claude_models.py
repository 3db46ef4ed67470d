"""The Claude models that the sandbox plays.

Sources: Anthropic's model pages and SDK, autumn 2026; where they are silent, what recorded traffic shows.

Up to 4.6 they count about 1.25 times what o200k_base counts, for code and English, from 4.7 on about 1.5 times.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from agents.sandbox.models import Effort, ServedClaude

OLD_FACTOR = 1.25
NEW_FACTOR = 1.5

_LOW_TO_MAX: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
_LOW_TO_HIGH: tuple[Effort, ...] = ("low", "medium", "high")
_IDLE_THOUGHT = 48


def _named(like: ServedClaude, model_id: str, name: str) -> ServedClaude:
    return replace(like, id=model_id, name=f"{name}, played by the sandbox")


OWN = ServedClaude(
    id="sandbox-claude",
    name="Sandbox Claude (no AI)",
    context_window=200_000,
    max_output_tokens=64_000,
    token_factor=OLD_FACTOR,
    any_sampling=True,
    thinking_types=("adaptive", "enabled", "disabled", "between_tools"),
    thinks_unasked=True,
    undo_efforts=_LOW_TO_MAX,
    strict_seals=False,
    efforts=_LOW_TO_MAX,
    default_effort="high",
)
"""Takes whatever some Claude takes; thinks only where it is told to (`think N`)."""

_TIGHT = replace(OWN, id="sandbox-claude-tight", name="Sandbox Claude with tight limits (no AI)")

_SONNET_4_6 = ServedClaude(
    id="claude-sonnet-4-6",
    name="Claude Sonnet 4.6, played by the sandbox",
    context_window=1_000_000,
    max_output_tokens=128_000,
    token_factor=OLD_FACTOR,
    any_sampling=True,
    thinking_types=("adaptive", "enabled", "disabled"),
    undo_efforts=("low", "medium", "high", "max"),
    efforts=("low", "medium", "high", "max"),
    default_effort="high",
    idle_thought=_IDLE_THOUGHT,
    cache_minimum=2_048,
)
_OPUS_4_6 = replace(_named(_SONNET_4_6, "claude-opus-4-6", "Claude Opus 4.6"), cache_minimum=4_096)
_OPUS_4_5 = replace(
    _named(_SONNET_4_6, "claude-opus-4-5", "Claude Opus 4.5"),
    context_window=200_000,
    max_output_tokens=64_000,
    one_sampling=True,
    forced_tools="without_thinking",
    thinking_types=("enabled", "disabled"),
    undo_efforts=_LOW_TO_HIGH,
    efforts=_LOW_TO_HIGH,
    cache_minimum=4_096,
    prefill=True,
)
_SONNET_4_5 = replace(
    _named(_OPUS_4_5, "claude-sonnet-4-5", "Claude Sonnet 4.5"), cache_minimum=1_024, retires=date(2026, 11, 30)
)
_HAIKU_4_5 = replace(_named(_OPUS_4_5, "claude-haiku-4-5", "Claude Haiku 4.5"), efforts=())

_OPUS_4_7 = replace(
    _named(_SONNET_4_6, "claude-opus-4-7", "Claude Opus 4.7"),
    token_factor=NEW_FACTOR,
    frame=7,
    any_sampling=False,
    thinking_types=("adaptive", "disabled"),
    undo_efforts=_LOW_TO_MAX,
    efforts=_LOW_TO_MAX,
)
_OPUS_4_8 = replace(_named(_OPUS_4_7, "claude-opus-4-8", "Claude Opus 4.8"), cache_minimum=1_024, system_messages=True)
_OPUS_5 = replace(_named(_OPUS_4_8, "claude-opus-5", "Claude Opus 5"), frame=2, thinks_unasked=True, cache_minimum=512)
_FABLE_5 = replace(_named(_OPUS_5, "claude-fable-5", "Claude Fable 5"), thinking_types=("adaptive",), undo_efforts=())
_SONNET_5 = replace(_named(_OPUS_5, "claude-sonnet-5", "Claude Sonnet 5"), cache_minimum=1_024, system_messages=False)

_OPUS_5_5 = replace(
    _named(_OPUS_5, "claude-opus-5-5", "Claude Opus 5.5"),
    forced_tools="never",
    thinking_types=("adaptive",),
    undo_efforts=(),
    default_effort="medium",
    hides_thought=True,
    binds_thinking=True,
)
_FABLE_5_1 = replace(_named(_OPUS_5_5, "claude-fable-5-1", "Claude Fable 5.1"), default_effort="high")
_SONNET_5_5 = replace(
    _named(_OPUS_5_5, "claude-sonnet-5-5", "Claude Sonnet 5.5"),
    thinking_types=("adaptive", "between_tools"),
    default_effort="high",
)
_HAIKU_5_5 = replace(
    _named(_OPUS_5, "claude-haiku-5-5", "Claude Haiku 5.5"),
    undo_efforts=_LOW_TO_HIGH,
    default_effort="medium",
)

CLAUDE_MODELS: tuple[ServedClaude, ...] = (
    OWN,
    _TIGHT,
    _OPUS_5_5,
    _FABLE_5_1,
    _SONNET_5_5,
    _HAIKU_5_5,
    _OPUS_5,
    _FABLE_5,
    _SONNET_5,
    _OPUS_4_8,
    _OPUS_4_7,
    _OPUS_4_6,
    _SONNET_4_6,
    _OPUS_4_5,
    _SONNET_4_5,
    _HAIKU_4_5,
)
