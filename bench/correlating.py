"""How much processor time `correlate` takes for two long lists, and how much memory, beside a join with plain
dicts in Python.

Each run is a process of its own, so that its peak of memory is its own. Both read the same JSON texts, in pages.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.process_meter import resident_bytes
from bench.sizes import Size
from bench.summary import median
from bench.table import Row, times

TITLE = "Correlating"
MOST_SECONDS = 10.0
_PAGE = 20_000
_WRONG = 0.01
_FIELDS = ("amount", "currency", "state", "updated_at", "customer")

Found = tuple[int, int, int]


def measure(size: Size) -> list[Row]:
    with TemporaryDirectory() as folder:
        _write(Path(folder), rows=size.correlated_rows)
        rounds = [{work.__name__: _alone(work, folder) for work in (ours, plain)} for _ in range(min(size.rounds, 3))]
    assert len({found for each in rounds for _, _, found in each.values()}) == 1, "both find the same"
    seconds = {name: median([each[name][0] for each in rounds]) for name in rounds[0]}
    memory = {name: median([each[name][1] for each in rounds]) for name in rounds[0]}
    rows = f"{size.correlated_rows:,} × {size.correlated_rows:,} rows"
    return [
        Row(
            what=f"{rows}, {len(_FIELDS)} fields, processor time",
            ours=f"{seconds['ours']:.2f} s",
            baseline=f"{seconds['plain']:.2f} s (dicts in Python)",
            compared=times(seconds["ours"] / seconds["plain"]),
            target=f"≤ {MOST_SECONDS:.0f} s",
            met=seconds["ours"] <= MOST_SECONDS,
        ),
        Row(
            what=f"{rows}, peak of memory above the texts",
            ours=f"{memory['ours'] / 1e6:.0f} MB",
            baseline=f"{memory['plain'] / 1e6:.0f} MB (dicts in Python)",
            compared=times(memory["ours"] / max(memory["plain"], 1)),
        ),
    ]


def ours(left: list[str], right: list[str]) -> Found:
    from agents.correlation.compare import compare
    from agents.correlation.outcome import listing, summary
    from agents.correlation.pairing import read_pairs
    from agents.correlation.rows import Listing, Page

    sides = [Listing(pages=[Page(name="", text=text) for text in texts]) for texts in (left, right)]
    compared = compare(*sides, keys=read_pairs(["id"]), fields=read_pairs(_FIELDS))
    told = summary(compared)["mismatches"]
    listing(compared)
    return told["value"] + told["timing"], told["missing_on_left"], told["missing_on_right"]


def plain(left: list[str], right: list[str]) -> Found:
    ours, theirs = ({row["id"]: row for text in texts for row in json.loads(text)} for texts in (left, right))
    both = ours.keys() & theirs.keys()
    different = sum(any(ours[key][field] != theirs[key][field] for field in _FIELDS) for key in both)
    return different, len(theirs) - len(both), len(ours) - len(both)


Work = Callable[[list[str], list[str]], Found]


def _alone(work: Work, folder: str, /) -> tuple[float, float, Found]:
    """Seconds, bytes, and what was found."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_metered, (work, folder))


def _metered(work: Work, folder: str, /) -> tuple[float, float, Found]:
    work(*(['[{"id": "0", "amount": 1, "currency": 1, "state": 1, "updated_at": 1, "customer": 1}]'] for _ in range(2)))
    left, right = ([file.read_text() for file in sorted(Path(folder).glob(f"{side}-*"))] for side in ("left", "right"))
    before = resident_bytes(multiprocessing.current_process().pid or 0)
    began = time.process_time()
    found = work(left, right)
    took = time.process_time() - began
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before, found


def _write(folder: Path, *, rows: int) -> None:
    random = Random(1)
    left = [_row(number, random) for number in range(rows)]
    right = [row | ({"amount": row["amount"] + 1} if random.random() < _WRONG else {}) for row in left[rows // 100 :]]
    right += [_row(rows + number, random) for number in range(rows // 100)]
    random.shuffle(right)
    for side, all_of_it in (("left", left), ("right", right)):
        for n, start in enumerate(range(0, rows, _PAGE)):
            (folder / f"{side}-{n:04}").write_text(json.dumps(all_of_it[start : start + _PAGE]))


def _row(number: int, random: Random, /) -> dict[str, Any]:
    moment = f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}T10:{random.randint(0, 59):02}:00Z"
    return {
        "id": f"order-{number:08}",
        "amount": random.randint(100, 100_000) / 100,
        "currency": random.choice(["EUR", "USD"]),
        "state": random.choice(["paid", "open", "refunded"]),
        "updated_at": moment,
        "customer": f"customer-{random.randint(1, 10_000)}",
        "note": "left as it is " * 3,
    }
