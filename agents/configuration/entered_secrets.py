"""A secret as a file says it, to a secret as a row holds it."""

from __future__ import annotations

from pydantic import SecretStr

from agents.configuration.fields import KEEP
from agents.secrets import SecretUnreadable, is_reference, is_sealed, seal, unseal


class NothingToKeep(Exception):
    """The file says `keep:`, but there is no secret yet."""


def stored(entered: SecretStr, *, now: str) -> str:
    """What the row will hold, where it holds `now`. The secret that is stored already is not sealed anew."""
    text = entered.get_secret_value()
    if text == KEEP:
        if not now:
            raise NothingToKeep
        return now
    if not text or is_reference(text):
        return text
    return now if _is_the_same(text, sealed=now) else seal(text)


def _is_the_same(text: str, *, sealed: str) -> bool:
    try:
        return is_sealed(sealed) and unseal(sealed) == text
    except SecretUnreadable:
        return False
