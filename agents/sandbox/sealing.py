"""The opaque texts that a vendor puts on a model's thoughts, and reads when a client sends them back.

A real one is encrypted. These are only guarded against change, which is all that a client may not do to them: nothing
in them is secret, so the key is none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass

import orjson

_MARK = "sbx_"
_KEY = b"the sandbox's own"
_GUARD_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Who thought (`model`, an id) and how much (`tokens`), a digest of the thought, and one of all that the model had
    read before."""

    model: str
    tokens: int = 0
    thought: str = ""
    prefix: str = ""


def write_seal(seal: Seal) -> str:
    data = orjson.dumps(asdict(seal))
    return _MARK + base64.urlsafe_b64encode(_guard(data) + data).decode()


def read_seal(text: str) -> Seal | None:
    """None for a text that the sandbox did not write, or that was changed since."""
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(_MARK).encode())
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    guard, data = raw[:_GUARD_BYTES], raw[_GUARD_BYTES:]
    if not text.startswith(_MARK) or guard != _guard(data):
        return None
    return Seal(**orjson.loads(data))


def digest(text: str) -> str:
    """A short digest of `text`, whatever characters are in it."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _guard(data: bytes) -> bytes:
    return hashlib.blake2b(data, key=_KEY, digest_size=_GUARD_BYTES).digest()
