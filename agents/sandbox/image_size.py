"""How many pixels an image has, read from its first bytes: PNG, GIF, WebP and JPEG, as the vendors take them."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import NamedTuple

_HEAD = 400_000
"""Characters of base64 that are looked at: a JPEG tells its size after whatever a camera wrote before it."""

_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset(range(0xD0, 0xDA)) | {0x01, 0xFF}


class Size(NamedTuple):
    width: int
    height: int


def size_in_url(url: str) -> Size | None:
    """Of an image in a `data:` URL. None for one that is elsewhere: the sandbox fetches nothing."""
    head, found, data = url[: _HEAD + 100].partition(";base64,")
    return size_in_base64(data) if found and head.startswith("data:") else None


def size_in_base64(data: str) -> Size | None:
    """None if it is no image whose size can be read."""
    head = data[:_HEAD]
    try:
        content = base64.b64decode(head[: len(head) // 4 * 4])
        size = _size(content)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None
    return size if size and min(size) > 0 else None


def _size(content: bytes) -> Size | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Size(*struct.unpack_from(">II", content, 16))
    if content.startswith((b"GIF87a", b"GIF89a")):
        return Size(*struct.unpack_from("<HH", content, 6))
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _size_of_webp(content)
    return _size_of_jpeg(content) if content.startswith(b"\xff\xd8") else None


def _size_of_webp(content: bytes) -> Size | None:
    match content[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return Size(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            return Size(*(int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27)))
        case _:
            return None


def _size_of_jpeg(content: bytes) -> Size | None:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return Size(width, height)
        at += 1 if marker == 0xFF else 2
        if marker not in _WITHOUT_LENGTH:
            at += struct.unpack_from(">H", content, at)[0]
    return None
