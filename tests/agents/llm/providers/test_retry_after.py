from __future__ import annotations

import pytest

from agents.llm.providers.retry_after import retry_after_seconds
from tests.agents.llm.providers.wires import NOW


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "1000000000"}, 1e9),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "abc"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Sun, 22 Nov 2026 09:33:50 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:33:50 -0000"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:33:10 GMT"}, None),
        ({"retry-after": "Sun, 99 Nov 2026 09:33:10 GMT"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "-5", "retry-after": "9"}, 9.0),
    ],
)
def test_seconds_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=NOW) == seconds
