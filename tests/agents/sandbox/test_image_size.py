"""Headers as the formats' own specifications write them; nothing else is known of the images."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sandbox.image_size import Size, size_in_base64, size_in_url

CAMERA = b"\xff\xe1" + struct.pack(">H", 60_002) + b"x" * 60_000
BODY = b"rest" * 10


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + BODY


def jpeg(width: int, height: int, *, before: bytes = b"\xff\xe0\x00\x04JF") -> bytes:
    return b"\xff\xd8" + before + b"\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + BODY


def webp(kind: bytes, fields: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 99) + b"WEBP" + kind + struct.pack("<I", 80) + fields + BODY


IMAGES = {
    "PNG": png(640, 480),
    "GIF": b"GIF89a" + struct.pack("<HH", 640, 480) + BODY,
    "JPEG": jpeg(640, 480),
    "JPEG of a camera": jpeg(640, 480, before=CAMERA),
    "WebP": webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480 | 0x4000)),
    "WebP without loss": webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)),
    "WebP with more": webp(b"VP8X", b"\x00" * 4 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
}


@pytest.mark.parametrize("name", IMAGES)
def test_the_size_is_read(name: str) -> None:
    data = base64.b64encode(IMAGES[name]).decode()
    assert size_in_base64(data) == Size(width=640, height=480)
    assert size_in_url(f"data:image/any;base64,{data}") == (640, 480)


@pytest.mark.parametrize("url", ["", "data:,", "https://example.org/cat.png", "data:image/png;base64,====", "file-1"])
def test_what_is_elsewhere_or_no_image_has_no_size(url: str) -> None:
    assert size_in_url(url) is None


@pytest.mark.parametrize("name", IMAGES)
def test_a_torn_or_empty_image_has_no_size(name: str) -> None:
    for content in (IMAGES[name][:9], png(0, 480)):
        assert size_in_base64(base64.b64encode(content).decode()) is None


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(b"\xff\xd8\xff" + raw).decode())))
def test_whatever_is_sent_nothing_is_raised(data: str) -> None:
    size = size_in_base64(data)
    assert size is None or min(size) > 0
