"""The models that we know, by family, and what is likely of those that we do not.

Sources: the vendors' model pages and SDKs, autumn 2026. Where they are silent, the careful value stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from agents.llm.capabilities import CONSERVATIVE, Capabilities, Effort

_LOW_TO_MAX: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")

# Claude from 4.7 on counts about half more tokens than o200k_base, up to 4.6 a quarter more, and refuses a temperature.
_CLAUDE = Capabilities(temperature="none", forced_tool_choice=True, cache="marked", token_factor=1.5)
_CLAUDE_4 = replace(_CLAUDE, temperature="range", temperature_max=1.0, token_factor=1.25)
_CLAUDE_5_5 = replace(
    _CLAUDE,
    forced_tool_choice=False,
    thinking="always",
    efforts=_LOW_TO_MAX,
    default_effort="high",
    binds_thinking=True,
    cache_minimum=512,
)
_CLAUDE_5 = replace(_CLAUDE, thinking="default_on", efforts=_LOW_TO_MAX, default_effort="high", cache_minimum=512)

_GPT = Capabilities(temperature="range", temperature_max=2.0, forced_tool_choice=True, cache="automatic")
_GPT_REASONING = replace(
    _GPT,
    temperature="default_only",
    temperature_max=0.0,
    token_parameter="max_completion_tokens",  # noqa: S106 - a parameter's name
    thinking="default_on",
    efforts=("none", "low", "medium", "high", "xhigh"),
    default_effort="medium",
)
_GPT_5 = replace(_GPT_REASONING, efforts=("minimal", "low", "medium", "high"), thinking="always")
_O_SERIES = replace(_GPT_REASONING, efforts=("low", "medium", "high"), thinking="always")
_GPT_6 = replace(_GPT_REASONING, temperature="none", max_input_tokens=922_000, tools_api="chat_if_effort_none")
_GPT_6_RESPONSES = replace(
    _GPT_6, tools_api="responses", thinking="always", efforts=("low", "medium", "high", "xhigh", "max")
)
_GPT_4 = replace(_GPT, encoding="cl100k_base", cache="none")


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Models that are alike. A name also stands for its dated forms: gpt-4o-2024-08-06, claude-opus-4-5@20251101."""

    names: str
    able: Capabilities
    window: int
    output: int
    retires: date | None = None

    def entries(self) -> Iterator[tuple[str, Capabilities]]:
        what = replace(self.able, context_window=self.window, max_output_tokens=self.output, retires=self.retires)
        return ((name, what) for name in self.names.split())


_MILLION = 1_000_000
_FAMILIES = (
    _Family(
        names="sandbox-claude sandbox-claude-tight",
        able=replace(_CLAUDE_4, cache_minimum=1_024),
        window=200_000,
        output=64_000,
    ),
    _Family(names="sandbox-gpt sandbox-gpt-tight", able=_GPT, window=128_000, output=16_384),
    _Family(names="claude-fable-5-1 claude-sonnet-5-5", able=_CLAUDE_5_5, window=_MILLION, output=128_000),
    _Family(
        names="claude-opus-5-5", able=replace(_CLAUDE_5_5, default_effort="medium"), window=_MILLION, output=128_000
    ),
    _Family(
        names="claude-haiku-5-5",
        able=replace(_CLAUDE_5, efforts=("none", *_LOW_TO_MAX), default_effort="medium"),
        window=_MILLION,
        output=128_000,
    ),
    _Family(
        names="claude-opus-5", able=replace(_CLAUDE_5, efforts=("none", *_LOW_TO_MAX)), window=_MILLION, output=128_000
    ),
    _Family(names="claude-fable-5", able=_CLAUDE_5, window=_MILLION, output=128_000),
    _Family(names="claude-sonnet-5", able=replace(_CLAUDE_5, cache_minimum=1_024), window=_MILLION, output=128_000),
    _Family(
        names="claude-opus-4-7 claude-opus-4-8",
        able=replace(_CLAUDE, thinking="opt_in", efforts=_LOW_TO_MAX, default_effort=None, cache_minimum=2_048),
        window=_MILLION,
        output=128_000,
    ),
    _Family(
        names="claude-opus-4-6 claude-sonnet-4-6",
        able=replace(_CLAUDE_4, thinking="opt_in", efforts=("low", "medium", "high", "max"), cache_minimum=4_096),
        window=_MILLION,
        output=128_000,
    ),
    # A thinking budget in tokens instead of an effort: not used.
    _Family(
        names="claude-opus-4-5 claude-haiku-4-5",
        able=replace(_CLAUDE_4, cache_minimum=4_096),
        window=200_000,
        output=64_000,
    ),
    _Family(names="claude-sonnet-4-5", able=_CLAUDE_4, window=200_000, output=64_000, retires=date(2026, 11, 30)),
    _Family(names="gpt-6.2-sol gpt-6.1-sol gpt-6-astra", able=_GPT_6_RESPONSES, window=1_050_000, output=128_000),
    _Family(
        names="gpt-6-sol gpt-6-luna gpt-6.1-terra gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna",
        able=_GPT_6,
        window=1_050_000,
        output=128_000,
    ),
    _Family(
        names="gpt-5.5 gpt-5.4",
        able=replace(_GPT_REASONING, tools_api="chat_if_effort_none"),
        window=1_050_000,
        output=128_000,
    ),
    _Family(
        names="gpt-5.4-mini gpt-5.2",
        able=replace(_GPT_REASONING, max_input_tokens=272_000),
        window=400_000,
        output=128_000,
    ),
    _Family(
        names="gpt-5.4-nano gpt-5.1",
        able=replace(_GPT_REASONING, max_input_tokens=272_000),
        window=400_000,
        output=128_000,
        retires=date(2027, 4, 1),
    ),
    _Family(
        names="gpt-5 gpt-5-mini gpt-5-nano",
        able=replace(_GPT_5, max_input_tokens=272_000),
        window=400_000,
        output=128_000,
        retires=date(2026, 12, 11),
    ),
    _Family(names="gpt-4.1 gpt-4.1-mini", able=_GPT, window=1_047_576, output=32_768, retires=date(2027, 1, 14)),
    _Family(names="gpt-4.1-nano", able=_GPT, window=1_047_576, output=32_768, retires=date(2026, 10, 23)),
    _Family(names="gpt-4o gpt-4o-mini", able=_GPT, window=128_000, output=16_384, retires=date(2027, 1, 14)),
    _Family(names="o3", able=_O_SERIES, window=200_000, output=100_000, retires=date(2026, 12, 11)),
    _Family(names="o4-mini o3-mini o1", able=_O_SERIES, window=200_000, output=100_000, retires=date(2026, 10, 23)),
    _Family(names="gpt-4", able=_GPT_4, window=8_192, output=4_096, retires=date(2026, 10, 23)),
    _Family(names="gpt-4-turbo", able=_GPT_4, window=128_000, output=4_096, retires=date(2026, 10, 23)),
    _Family(names="gpt-3.5-turbo", able=_GPT_4, window=16_385, output=4_096, retires=date(2026, 10, 23)),
)
_END = r"(?=$|[@:]|-(?!\d{1,2}(\D|$)))"
"""What may follow a name: a date or a word, but no number of a version; claude-opus-5-6 is no claude-opus-5."""

KNOWN = {name: what for family in _FAMILIES for name, what in family.entries()}


@cache
def capabilities_of(wire: str, model_id: str) -> Capabilities:
    """What is built in. `wire` is what `LanguageModel.wire` holds. What a gateway puts before a name does not count:
    "eu/gpt-4o", "us.anthropic.claude-…"."""
    name = _plain(model_id)
    fitting = [known for known in KNOWN if re.match(re.escape(known) + _END, name)]
    if fitting:
        return KNOWN[max(fitting, key=len)]
    return replace(_likely(wire, name), known=False)


def _plain(model_id: str) -> str:
    name = model_id.lower().rpartition("/")[2]
    return name[max(0, name.find("claude")) :] if not name.startswith("sandbox") else name


def _likely(wire: str, name: str) -> Capabilities:
    """A vendor's unknown model is taken for one of its newest, without what only some of them have."""
    if name.startswith("claude"):
        factor = 1.25 if _is_old_claude(name) else 1.5
        sampling = _CLAUDE_4 if _is_old_claude(name) else _CLAUDE
        return Capabilities(
            temperature=sampling.temperature, temperature_max=sampling.temperature_max, token_factor=factor
        )
    if re.match(r"(gpt-(?!oss)|chatgpt-|chat-latest|o\d)", name):
        encoding = _GPT_4.encoding if re.match(r"gpt-(3\.5|4(?![.o\d]))", name) else _GPT.encoding
        return replace(CONSERVATIVE, token_parameter="max_completion_tokens", encoding=encoding)  # noqa: S106
    if wire == "anthropic_messages":
        return replace(CONSERVATIVE, token_factor=1.5)
    # A gateway's own model: so far goes every model that takes a temperature; its vocabulary is mostly a guess.
    return Capabilities(
        temperature="range", temperature_max=1.0, token_factor=1.0 if name.startswith("gpt-oss") else 1.1
    )


def _is_old_claude(name: str) -> bool:
    """Up to 4.6, such as claude-3-5-sonnet-20241022, claude-opus-4-1, claude-sonnet-4-20250514."""
    version = re.search(r"claude\D*(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?", name)
    return version is not None and (int(version[1]), int(version[2] or 0)) < (4, 7)
