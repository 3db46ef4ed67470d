"""What a model can do, as data (sources: the vendors' model pages and SDKs, autumn 2026).

A model that is not in the table is taken for one that can do little, and `known` says so: a request with a parameter
that a model refuses fails as a whole, while a temperature that is not sent costs a little taste.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Sampling = Literal["none", "default_only", "range"]
"""Does the model take a temperature: not at all, its own default alone, or any from 0 to a maximum?"""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """`temperature_max` counts where `temperature` is "range". Sizes in tokens, None where they are not known.

    `retires` is the day on which the vendor stops to serve the model.
    """

    temperature: Sampling
    temperature_max: float = 0.0
    max_output_tokens: int | None = None
    context_window: int | None = None
    retires: date | None = None
    known: bool = True


_NONE = Capabilities(temperature="none")
_DEFAULT_ONLY = Capabilities(temperature="default_only")
_TO_ONE = Capabilities(temperature="range", temperature_max=1.0)
_TO_TWO = Capabilities(temperature="range", temperature_max=2.0)


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Models that are alike. A name also stands for its dated forms: gpt-4o-2024-08-06, claude-opus-4-5@20251101."""

    names: str
    sampling: Capabilities
    window: int
    output: int
    retires: date | None = None

    def entries(self) -> Iterator[tuple[str, Capabilities]]:
        what = replace(self.sampling, context_window=self.window, max_output_tokens=self.output, retires=self.retires)
        return ((name, what) for name in self.names.split())


# Claude from 4.7 on refuses a temperature; GPT-5 and later take one only without reasoning, which is not switched off.
_FAMILIES = (
    _Family(names="sandbox-claude", sampling=_TO_ONE, window=200_000, output=64_000),
    _Family(names="sandbox-gpt", sampling=_TO_TWO, window=128_000, output=16_384),
    _Family(
        names="claude-fable-5 claude-fable-5-1 claude-opus-5 claude-opus-5-5 claude-sonnet-5 claude-sonnet-5-5 "
        "claude-haiku-5-5 claude-opus-4-7 claude-opus-4-8",
        sampling=_NONE,
        window=1_000_000,
        output=128_000,
    ),
    _Family(names="claude-opus-4-6 claude-sonnet-4-6", sampling=_TO_ONE, window=1_000_000, output=128_000),
    _Family(names="claude-opus-4-5 claude-haiku-4-5", sampling=_TO_ONE, window=200_000, output=64_000),
    _Family(names="claude-sonnet-4-5", sampling=_TO_ONE, window=200_000, output=64_000, retires=date(2026, 11, 30)),
    _Family(
        names="gpt-6.2-sol gpt-6.1-sol gpt-6-astra gpt-6-sol gpt-6-luna gpt-6.1-terra gpt-5.6-sol gpt-5.6-terra "
        "gpt-5.6-luna",
        sampling=_NONE,
        window=1_050_000,
        output=128_000,
    ),
    _Family(names="gpt-5.5 gpt-5.4", sampling=_DEFAULT_ONLY, window=1_050_000, output=128_000),
    _Family(names="gpt-5.4-mini gpt-5.2", sampling=_DEFAULT_ONLY, window=400_000, output=128_000),
    _Family(
        names="gpt-5.4-nano gpt-5.1", sampling=_DEFAULT_ONLY, window=400_000, output=128_000, retires=date(2027, 4, 1)
    ),
    _Family(
        names="gpt-5 gpt-5-mini gpt-5-nano",
        sampling=_DEFAULT_ONLY,
        window=400_000,
        output=128_000,
        retires=date(2026, 12, 11),
    ),
    _Family(names="gpt-4.1 gpt-4.1-mini", sampling=_TO_TWO, window=1_047_576, output=32_768, retires=date(2027, 1, 14)),
    _Family(names="gpt-4.1-nano", sampling=_TO_TWO, window=1_047_576, output=32_768, retires=date(2026, 10, 23)),
    _Family(names="gpt-4o gpt-4o-mini", sampling=_TO_TWO, window=128_000, output=16_384, retires=date(2027, 1, 14)),
    _Family(names="o3", sampling=_DEFAULT_ONLY, window=200_000, output=100_000, retires=date(2026, 12, 11)),
    _Family(
        names="o4-mini o3-mini o1", sampling=_DEFAULT_ONLY, window=200_000, output=100_000, retires=date(2026, 10, 23)
    ),
    _Family(names="gpt-4", sampling=_TO_TWO, window=8_192, output=4_096, retires=date(2026, 10, 23)),
    _Family(names="gpt-4-turbo", sampling=_TO_TWO, window=128_000, output=4_096, retires=date(2026, 10, 23)),
    _Family(names="gpt-3.5-turbo", sampling=_TO_TWO, window=16_385, output=4_096, retires=date(2026, 10, 23)),
)
_END = r"(?=$|[@:]|-(?!\d{1,2}(\D|$)))"
"""What may follow a name: a date or a word, but no number of a version; claude-opus-5-6 is no claude-opus-5."""

_KNOWN = {name: what for family in _FAMILIES for name, what in family.entries()}


def capabilities_of(wire: str, model_id: str) -> Capabilities:
    """`wire` is what `LanguageModel.wire` holds. What a gateway puts before a name does not count: "eu/gpt-4o"."""
    name = _plain(model_id)
    fitting = [known for known in _KNOWN if re.match(re.escape(known) + _END, name)]
    if fitting:
        return _KNOWN[max(fitting, key=len)]
    return replace(_likely(wire, name), known=False)


def _plain(model_id: str) -> str:
    """Without a gateway's path, and without what stands before "claude": us.anthropic.claude-…"""
    name = model_id.lower().rpartition("/")[2]
    return name[max(0, name.find("claude")) :] if not name.startswith("sandbox") else name


def _likely(wire: str, name: str) -> Capabilities:
    if name.startswith("claude") and _is_old_claude(name):
        return _TO_ONE
    if wire == "anthropic_messages" or re.match(r"(claude|gpt-(?!oss)|chatgpt-|chat-latest|o\d)", name):
        return _NONE  # as the newer models of these vendors
    return _TO_ONE  # a gateway's own model: so far goes every model that takes a temperature


def _is_old_claude(name: str) -> bool:
    """Up to 4.6, such as claude-3-5-sonnet-20241022, claude-opus-4-1, claude-sonnet-4-20250514."""
    version = re.search(r"claude\D*(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?", name)
    return version is not None and (int(version[1]), int(version[2] or 0)) < (4, 7)
