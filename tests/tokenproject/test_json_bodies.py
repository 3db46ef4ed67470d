from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.refusals import InvalidRequest, MalformedRequest
from tokenproject.json_bodies import parse, render


def test_times_are_written_as_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)
    assert render({"at": moment, "many": [moment]}) == (
        b'{"at":"2026-11-22T10:00:00.123Z","many":["2026-11-22T10:00:00.123Z"]}'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (rb'{"text": "a\u0000b"}', "text"),
        (rb'{"a": [{"b": "\u0000"}]}', "a.0.b"),
        (rb'{"a": {"\u0000": 1}}', "a"),
        (rb'"\u0000"', "body"),
        (rb'{"text": "\ud800"}', "body"),
        (rb'{"text": "\udc00x"}', "body"),
        (rb'{"text": "\ud83dx"}', "body"),
    ],
)
def test_text_that_cannot_be_stored_is_refused(body: bytes, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(body)
    assert list(refused.value.params["fields"]) == [field]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"a": "\\u0000"}', {"a": "\\u0000"}),
        (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"__proto__": 1}', {"__proto__": 1}),
    ],
)
def test_odd_but_sound_json_is_taken(body: bytes, value: Any) -> None:
    assert parse(body) == value


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b"[NaN]", b"1e999", b"[" * 100_000, b"{'a': 1}"]
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(body)
