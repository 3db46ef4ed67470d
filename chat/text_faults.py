"""What keeps a person's text from being stored. It is refused with a reason rather than changed behind their back."""

from __future__ import annotations


def fault_in(text: str) -> str | None:
    """What is wrong with `text`, or None: PostgreSQL refuses NUL, and UTF-8 cannot hold half a surrogate pair."""
    if "\0" in text:
        return "must not hold the NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must not hold half of a surrogate pair"
    return None
