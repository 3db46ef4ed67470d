"""How the sandbox counts: in tokens of o200k_base, from the wire.

It counts on its own, so that a client's estimate has something to be compared with.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from agents.llm.vocabulary import EncodingName, load_encoding

_VOCABULARY: Final[EncodingName] = "o200k_base"
_SLICE = 100_000
"""Characters that are encoded at once: the encoder panics on very long runs of blanks."""

IMAGE_TOKENS = 1_600
"""Of a document, and of an image whose size cannot be read: it is elsewhere, or none."""


def count_tokens(text: str) -> int:
    """Tokens of `text` in o200k_base."""
    encode = load_encoding(_VOCABULARY).encode_ordinary
    return sum(len(encode(text[start : start + _SLICE])) for start in range(0, len(text), _SLICE))


def first_tokens(text: str, count: int) -> str:
    """The beginning of `text` that has `count` tokens, without a torn character at its end."""
    encoding = load_encoding(_VOCABULARY)
    return encoding.decode(encoding.encode_ordinary(text[:_SLICE])[:count], errors="ignore")


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()
