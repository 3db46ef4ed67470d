"""What a model calls a tool by: SERVER__TOOL, in the characters and the length that every wire takes."""

from __future__ import annotations

import re
from hashlib import sha256

MOST = 64
_OTHER = re.compile("[^a-zA-Z0-9_-]")


def wire_name(*, server: str, tool: str) -> str:
    """The same for the same two names, and different for others: a name that had to be changed ends in a digest.

    A server's slug holds no underscore, so that the first two of them end it.
    """
    plain = f"{server}__{tool}"
    name = _OTHER.sub("_", plain)
    if name == plain and len(name) <= MOST:
        return name
    digest = sha256(plain.encode()).hexdigest()[:6]
    return f"{name[: MOST - 7]}_{digest}"
