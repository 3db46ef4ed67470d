"""Secrets at rest. A row holds a reference to a secret, never the secret itself:

    env:NAME     the environment variable NAME
    file:PATH    the content of a file (a mounted secret)
    sealed:…     the secret itself, encrypted with the first of ENCRYPTION_KEYS; each of them may read it

Keep ENCRYPTION_KEYS as carefully as the database: without the key that sealed a secret, it must be entered again.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from agents.llm.errors import ConfigInvalid

_SEALED = "sealed:"
_OUTSIDE = ("env:", "file:")
_REFERENCES = (*_OUTSIDE, _SEALED)
# Read by the settings, which know the `_FILE` twins of these names, too.
_IN_SETTINGS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")
_UNREADABLE = "A stored secret was sealed with an encryption key that is no longer known: re-enter the key."
_SHORTEST_WITH_A_TAIL = 12  # characters; of a shorter secret, two would tell too much


class SecretUnreadable(ConfigInvalid):
    """None of ENCRYPTION_KEYS opens what was stored; the message says to enter the key again."""


def is_sealed(reference: str) -> bool:
    return reference.startswith(_SEALED)


def is_reference(text: str) -> bool:
    """Whether `text` may be stored as it is; anything else is a plain secret that must be sealed first."""
    return text.startswith(_REFERENCES)


def is_outside(text: str) -> bool:
    """Whether `text` refers to a secret that is kept outside the database: env:NAME, file:PATH."""
    return text.startswith(_OUTSIDE)


_OUR_OWN = ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL")


def seal(plain: str) -> str:
    """`plain` as it may be stored: "sealed:…"."""
    if not plain:
        raise ValueError("there is no secret to seal")
    return _SEALED + _keys().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret in a "sealed:…". SecretUnreadable if no key fits."""
    try:
        return _keys().decrypt(sealed.removeprefix(_SEALED).encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(_UNREADABLE) from None


def resealed(sealed: str) -> str:
    """The same secret, sealed with the first key of now. SecretUnreadable if no key fits."""
    return seal(unseal(sealed))


def read(reference: str) -> str:
    """The secret that `reference` means, "" where there is none; looked up anew each time. SecretUnreadable.

    Our own secrets are not to be sent to a provider, whoever writes their names into its row.
    """
    kind, _, place = reference.partition(":")
    if kind == "sealed":
        return unseal(reference)
    if kind == "file":
        path = Path(place).resolve()
        return "" if path.is_relative_to(Path(settings.VAR_DIR).resolve()) else _content(path)
    if place.removesuffix("_FILE") in _OUR_OWN:
        return ""
    if place in _IN_SETTINGS:
        return str(getattr(settings, place))
    return os.environ.get(place, "")


def hint(reference: str) -> str:
    """What may be shown of it: "set, ends in …f3", "env:NAME (set)", "file:PATH (not set)" or "not set"."""
    if not reference:
        return "not set"
    try:
        secret = read(reference)
    except SecretUnreadable:
        return "cannot be read: re-enter the key"
    if not is_sealed(reference):
        return f"{reference} ({'set' if secret else 'not set'})"
    return f"set, ends in …{secret[-2:]}" if len(secret) >= _SHORTEST_WITH_A_TAIL else "set"


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def _content(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
