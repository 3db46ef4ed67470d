"""How much processor time texts take that could make counting slow: none more than 50 ms for 100 kB of UTF-8."""

from __future__ import annotations

import base64
import json
import string
import time
from collections.abc import Callable
from functools import partial
from random import Random

from agents.llm.tokens import TokenCounter
from bench.corpora import corpus
from bench.sizes import Size
from bench.stopwatch import medians
from bench.table import Row, milliseconds, times

TITLE = "Counting speed"
COUNTERS = (TokenCounter(encoding="o200k_base"), TokenCounter(encoding="cl100k_base"))
MOST = 50.0  # ms for 100 kB
_UNIT = 100_000  # bytes
_IDEOGRAPHS = (0x4E00, 0x9FA5)


def measure(size: Size) -> list[Row]:
    texts = _texts()
    plain = {counter.encoding: "English prose" for counter in COUNTERS}
    works: dict[str, Callable[[], object]] = {
        f"{counter.encoding} {name}": partial(counter.raw, text) for counter in COUNTERS for name, text in texts.items()
    }
    took = medians(works, rounds=size.rounds, clock=time.thread_time)
    per_unit = {
        f"{counter.encoding} {name}": took[f"{counter.encoding} {name}"] * _UNIT / len(text.encode())
        for counter in COUNTERS
        for name, text in texts.items()
    }
    return [
        _row(counter.encoding, name, per_unit, baseline=f"{counter.encoding} {plain[counter.encoding]}")
        for counter in COUNTERS
        for name in texts
    ]


def _row(encoding: str, name: str, per_unit: dict[str, float], *, baseline: str) -> Row:
    ours = per_unit[f"{encoding} {name}"]
    return Row(
        what=f"100 kB, {encoding}: {name}",
        ours=milliseconds(ours),
        baseline=f"{milliseconds(per_unit[baseline])} (English prose)",
        compared=times(ours / per_unit[baseline]),
        target=f"≤ {MOST:.0f} ms",
        met=ours <= MOST,
    )


def _texts() -> dict[str, str]:
    random = Random(1)
    records = [{"id": number, "value": random.random(), "text": "x" * 20} for number in range(15_000)]
    return {
        "English prose": corpus("English")[:_UNIT],
        "100,000 × “a”": "a" * 100_000,
        "100,000 letters without a space": "".join(random.choices(string.ascii_lowercase, k=100_000)),
        "1 MB of JSON": json.dumps(records),
        "base64": base64.b64encode(random.randbytes(75_000)).decode(),
        "10,000 emoji": "🦊" * 10_000,
        "a million spaces": " " * 1_000_000,
        "100,000 line ends": "\n" * 100_000,
        "100,000 ideographs": "".join(chr(random.randrange(*_IDEOGRAPHS)) for _ in range(100_000)),
        "100,000 × “!”": "!" * 100_000,
    }
