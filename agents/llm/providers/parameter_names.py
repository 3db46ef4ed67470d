"""Which parameter of a request a provider refuses, by its own name for it: in the error's `param`, or in its words.

What is found here is only a suspicion: the words may quote what a user wrote. Whoever acts on it tries the request
without the parameter, and believes it when that works.
"""

from __future__ import annotations

import re

from agents.llm.capabilities import Parameter

_FIRST = 300
"""Characters of a provider's words in which the parameter is looked for; what follows are mostly quotations."""

_CODES = {"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"}
_VALUE_CODES = {"invalid_value", "invalid_enum_value", "invalid_type"}
_REFUSAL = re.compile(
    r"extra inputs are not permitted|extra_forbidden|not (?:currently |yet )?supported|(?:does not|doesn't) support"
    r"|unsupported|not (?:permitted|allowed)|(?:unknown|unrecognized|unexpected) \w+|may only be set|only the default"
    r"|cannot be (?:set|used|disabled)|is deprecated for this model",
    re.IGNORECASE,
)
_EFFORT_WITH_TOOLS = re.compile(r"tools\b.{0,40}\breasoning_effort\b.{0,40}\bnot supported", re.IGNORECASE)
_NAMES: tuple[tuple[Parameter, str], ...] = (
    ("thoughts", r"reasoning\.(?:generate_)?summary|thinking(?:\.\w+)*\.display"),
    ("effort", r"output_config(?:\.effort)?|reasoning[._]effort|effort"),
    ("max_completion_tokens", r"max_completion_tokens"),
    ("max_tokens", r"max_tokens"),
    ("temperature", r"temperature"),
    ("stream_options", r"stream_options|include_usage"),
    ("tool_choice", r"tool_choice"),
    ("cache_control", r"cache_control"),
    ("include", r"reasoning\.encrypted_content|encrypted[ _]content|['\"`]include\b"),
    ("store", r"['\"`]store\b"),
    ("thinking", r"thinking|reasoning"),
)
_NAME = re.compile(
    "|".join(f"(?P<{parameter}>(?<![A-Za-z_])(?:{pattern})(?![A-Za-z_]))" for parameter, pattern in _NAMES),
    re.IGNORECASE,
)


def refused_parameter(*, param: str, code: str, text: str) -> Parameter | None:
    """`param`, `code` and `text` are the error's fields, "" where it has none. None: it is about something else."""
    said = text[:_FIRST]
    if _EFFORT_WITH_TOOLS.search(said):
        return "effort_with_tools"
    named = _named(f"'{param}'" if param else said)
    if code in _CODES or _REFUSAL.search(said):
        return named
    # A wrong value of what has no right one: the cap and the choice of tools are ours, an effort may be unknown there.
    return named if code in _VALUE_CODES and named in ("effort", "thoughts", "include") else None


def _named(text: str) -> Parameter | None:
    found = _NAME.search(text)
    name = found.lastgroup if found else None
    return next((parameter for parameter, _ in _NAMES if parameter == name), None)
