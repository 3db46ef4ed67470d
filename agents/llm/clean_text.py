"""Text from outside, made safe to store and to send: no NUL (PostgreSQL refuses it), no lone surrogate (UTF-8 does)."""

from __future__ import annotations

import re

_UNSAFE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without NUL; surrogate pairs become their character, a lone half becomes U+FFFD."""
    if _UNSAFE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")


class PieceCleaner:
    """Cleans a text that comes in pieces: a character that was cut into two halves is joined again.

    A half that nothing follows is no character, and is left out.
    """

    def __init__(self) -> None:
        self._half = ""

    def clean(self, piece: str) -> str:
        text = self._half + piece
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return clean_text(text)
