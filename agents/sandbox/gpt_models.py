"""The GPT models that the sandbox plays.

Sources: OpenAI's model pages and SDK, autumn 2026; where they are silent, what recorded traffic shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from agents.sandbox.models import Effort, ServedGpt

_NONE_TO_XHIGH: tuple[Effort, ...] = ("none", "low", "medium", "high", "xhigh")
_EVERY_EFFORT: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_MILLION_WINDOW = 1_050_000
_MILLION_INPUT = 922_000

OWN = ServedGpt(
    id="sandbox-gpt",
    name="Sandbox GPT (no AI)",
    context_window=128_000,
    max_output_tokens=16_384,
    efforts=_EVERY_EFFORT,
    default_effort="high",
)
"""Takes whatever some GPT takes; thinks only where it is told to (`think N`)."""

_TIGHT = replace(OWN, id="sandbox-gpt-tight", name="Sandbox GPT with tight limits (no AI)")

_GPT_4O = replace(OWN, id="gpt-4o", efforts=(), default_effort="none", retires=date(2027, 1, 14))
_GPT_4_1 = replace(_GPT_4O, context_window=1_047_576, max_output_tokens=32_768)
_GPT_5 = replace(
    _GPT_4O,
    context_window=400_000,
    max_input_tokens=272_000,
    max_output_tokens=128_000,
    reasons=True,
    efforts=("minimal", "low", "medium", "high"),
    default_effort="medium",
    idle_thought=48,
    retires=date(2026, 12, 11),
)
_GPT_5_2 = replace(_GPT_5, free_at_none=True, efforts=_NONE_TO_XHIGH, retires=None)
_GPT_5_1 = replace(_GPT_5_2, retires=date(2027, 4, 1))
_GPT_5_4 = replace(_GPT_5_2, context_window=_MILLION_WINDOW, max_input_tokens=None, chat_tools="if_effort_none")
_GPT_5_6 = replace(_GPT_5_4, max_input_tokens=_MILLION_INPUT, writes_cache=True)
_GPT_6_RESPONSES = replace(
    _GPT_5_6, free_at_none=False, chat_tools="never", efforts=("low", "medium", "high", "xhigh", "max")
)
_O_SERIES = replace(
    _GPT_5,
    context_window=200_000,
    max_input_tokens=None,
    max_output_tokens=100_000,
    efforts=("low", "medium", "high"),
    stop_texts=False,
)
_FAMILIES: tuple[tuple[ServedGpt, str], ...] = (
    (_GPT_6_RESPONSES, "gpt-6.2-sol gpt-6.1-sol gpt-6-astra"),
    (_GPT_5_6, "gpt-6-sol gpt-6-luna gpt-6.1-terra gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna"),
    (_GPT_5_4, "gpt-5.5 gpt-5.4"),
    (_GPT_5_2, "gpt-5.4-mini gpt-5.2"),
    (_GPT_5_1, "gpt-5.4-nano gpt-5.1"),
    (_GPT_5, "gpt-5 gpt-5-mini gpt-5-nano"),
    (_GPT_4_1, "gpt-4.1 gpt-4.1-mini"),
    (_GPT_4O, "gpt-4o gpt-4o-mini"),
    (_O_SERIES, "o3"),
)


def _models() -> Iterator[ServedGpt]:
    yield OWN
    yield _TIGHT
    for like, ids in _FAMILIES:
        for model_id in ids.split():
            yield replace(like, id=model_id, name=f"{model_id.replace('gpt', 'GPT')}, played by the sandbox")


GPT_MODELS: tuple[ServedGpt, ...] = tuple(_models())
