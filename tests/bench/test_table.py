from __future__ import annotations

from bench.summary import median, percentile
from bench.table import Row, kilobytes, markdown, milliseconds, percent, thousands, times


def test_a_row_stands_beside_its_target_and_says_whether_it_is_met() -> None:
    rows = [
        Row(what="quick", ours="1 ms", baseline="2 ms", compared="× 0.50", target="≤ 3 ms", met=True),
        Row(what="slow", ours="9 ms", target="≤ 3 ms", met=False),
        Row(what="as it is", ours="5 ms"),
    ]
    lines = markdown(rows).splitlines()
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
    assert lines[2:] == [
        "| quick | 1 ms | 2 ms | × 0.50 | ≤ 3 ms | ✓ |",
        "| slow | 9 ms |  |  | ≤ 3 ms | ✗ |",
        "| as it is | 5 ms |  |  |  |  |",
    ]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 50) == 50
    assert percentile(values, 95) == 95
    assert percentile(values, 99) == 99
    assert percentile([7.0], 99) == 7
    assert median([3.0, 1.0, 2.0]) == 2


def test_units() -> None:
    assert milliseconds(12.34) == "12.3 ms"
    assert milliseconds(0.123) == "0.12 ms"
    assert times(0.0028) == "× 0.0028"
    assert times(2.345) == "× 2.35"
    assert times(1234.5) == "× 1,234"
    assert percent(0.126) == "13 %"
    assert kilobytes(37_540) == "37.5 kB"
    assert thousands(1_174_000) == "1,174 k"
