"""Names and ids that a wire takes: both vendors refuse a request for one odd character, at every later turn again.

Such names come from other servers: a model's invention that a gateway let pass, an id like `functions.f:0`.
"""

from __future__ import annotations

import re

_ODD = re.compile(r"[^a-zA-Z0-9_-]")
NAME_LENGTH = 64


def wire_name(name: str) -> str:
    """`name` with every odd character as `_`, at most 64 characters."""
    return _ODD.sub("_", name)[:NAME_LENGTH] or "_"


def wire_id(id: str) -> str:
    """`id` with every odd character as `_`: the same for a call and for its result, so they still match."""
    return _ODD.sub("_", id)
