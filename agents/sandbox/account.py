"""Whose request it is: one credential, one account."""

from __future__ import annotations

import hashlib


def account_of(credential: str) -> str:
    """A digest, by which the limits, the prompt cache and the journal know an account: equal credentials, equal
    accounts."""
    return hashlib.sha256(credential.encode(errors="replace")).hexdigest()[:16]
