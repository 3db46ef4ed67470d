"""Every planted mismatch is found and none is invented, whichever side is which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.correlation.compare import Compared, Tolerance, compare
from agents.correlation.fault import CorrelationFault
from agents.correlation.outcome import listing, summary
from agents.correlation.pairing import MOST_FIELDS, read_pairs, read_synonyms
from agents.correlation.rows import Listing, Page

Rows = list[dict[str, Any]]


def side(rows: Rows, *, pages: int = 1) -> Listing:
    size = -(-len(rows) // pages) or 1
    texts = [json.dumps(rows[start : start + size]) for start in range(0, max(len(rows), 1), size)]
    return Listing(pages=[Page(name=f"result {n}", text=text) for n, text in enumerate(texts)])


def of(
    left: Rows, right: Rows, *, keys: Sequence[str] = ("id",), fields: Sequence[str] = (), **tolerance: Any
) -> Compared:
    return compare(
        side(left), side(right), keys=read_pairs(keys), fields=read_pairs(fields), tolerance=Tolerance(**tolerance)
    )


def test_a_synonym_names_both_values() -> None:
    with pytest.raises(CorrelationFault, match="write left_value=right_value"):
        read_synonyms(["paid"])


def differs(left: Any, right: Any, **tolerance: Any) -> bool:
    return len(of([{"id": 1, "v": left}], [{"id": 1, "v": right}], **tolerance).pairs) == 1


class TestValues:
    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (1, 1.0),
            (1, "1"),
            (12.5, "12.50"),
            ("paid", "paid"),
            (True, True),
            (None, None),
            ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
            ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
            ("2026-01-01", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            (2**70, 2**70),
        ],
    )
    def test_are_the_same_however_a_service_writes_them(self, left: Any, right: Any) -> None:
        assert not differs(left, right)
        assert not differs(right, left)

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (1, 2),
            (0, None),
            ("", None),
            ("007", "7"),
            (True, "yes"),
            (1, True),
            ("paid", "Paid"),
            (2**53 + 1, 2**53 + 2),
            (2**70, 2**70 + 1),
            (float("1e15"), 10**15 + 1),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z"),
            ("12.50", "12.5"),
            ([1, 2], [2, 1]),
        ],
    )
    def test_differ(self, left: Any, right: Any) -> None:
        assert differs(left, right)
        assert differs(right, left)

    @pytest.mark.parametrize(
        ("left", "right", "tolerance"),
        [
            (1.1, 1.0, {"number": 0.1}),
            (10.0, "10.01", {"number": 0.01}),
            (100, 105, {"percent": 5}),
            (-100, -105, {"percent": 5}),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z", {"seconds": 30}),
            (" New  York", "new york ", {"loose": True}),
        ],
    )
    def test_are_the_same_within_a_tolerance_and_not_without(self, left: Any, right: Any, tolerance: Any) -> None:
        assert differs(left, right)
        assert not differs(left, right, **tolerance)
        assert not differs(right, left, **tolerance)

    @pytest.mark.parametrize(
        ("left", "right", "tolerance"),
        [
            (1.11, 1.0, {"number": 0.1}),
            (100, 106, {"percent": 5}),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:31Z", {"seconds": 30}),
            (1, 40, {"seconds": 60}),
            ("a", "b", {"number": 5, "percent": 5, "seconds": 5, "loose": True}),
        ],
    )
    def test_differ_outside_it(self, left: Any, right: Any, tolerance: Any) -> None:
        assert differs(left, right, **tolerance)


@pytest.mark.parametrize(
    ("field", "left", "right"),
    [
        ("total=cents/100", "12.90", 1_290),
        ("total=cents/100", 0.29, "29"),
        ("hours*3600=seconds", 1.5, 5_400),
        ("cents/100=total", 1_290, "12.90"),
    ],
)
def test_units_are_brought_together(field: str, left: Any, right: Any) -> None:
    names = [side.split("/")[0].split("*")[0] for side in field.split("=")]
    for shift, found in ((0, 0), (1, 1)):
        compared = of([{"id": 1, names[0]: left}], [{"id": 1, names[1]: float(right) + shift}], fields=[field])
        assert len(compared.pairs) == found


def test_values_that_are_said_to_mean_the_same_do() -> None:
    left, right = [{"id": 1, "v": "paid"}, {"id": 2, "v": "pending"}], [{"id": n, "v": "captured"} for n in (1, 2)]
    assert len(of(left, right).pairs) == 2
    found = listing(of(left, right, synonyms=read_synonyms(["paid=captured"])))["value"]
    assert found == [{"key": "2", "v": {"left": "pending", "right": "captured"}}]


class TestClasses:
    LEFT: Rows = [
        {"id": "a", "total": 10, "at": "2026-01-01T10:00:00Z"},
        {"id": "b", "total": 20, "at": "2026-01-01T10:00:00Z"},
        {"id": "c", "total": 30, "at": "2026-01-01T10:05:00Z"},
        {"id": "d", "total": 40, "at": "2026-01-01T10:00:00Z"},
        {"id": "d", "total": 40, "at": "2026-01-01T10:00:00Z"},
        {"id": "e", "total": 50, "at": "2026-01-01T10:00:00Z"},
        {"id": None, "total": 1},
        {"total": 1},
    ]
    RIGHT: Rows = [
        {"order": {"id": "a"}, "amount": 10.0, "at": "2026-01-01T10:00:00Z"},
        {"order": {"id": "b"}, "amount": 25, "at": "2026-01-01T10:00:00Z"},
        {"order": {"id": "c"}, "amount": 31, "at": "2026-01-01T10:00:00Z"},
        {"order": {"id": "d"}, "amount": 40, "at": "2026-01-01T10:00:00Z"},
        {"order": {"id": "f"}, "amount": 60, "at": "2026-01-01T10:00:00Z"},
    ]

    def compared(self) -> Compared:
        return of(self.LEFT, self.RIGHT, keys=["id=order.id"], fields=["total=amount", "at"], seconds=60)

    def test_are_counted(self) -> None:
        told = summary(self.compared())
        assert told["mismatches"] == {
            "value": 1,
            "timing": 1,
            "timing_where_other_fields_differ_too": 1,
            "missing_on_left": 1,
            "missing_on_right": 1,
            "duplicate": 1,
        }
        assert (told["entities"], told["on_both_sides"], told["agreeing"]) == (6, 4, 1)
        assert told["match_rate_percent"] == 16.66
        assert told["left"] == {"rows": 8, "entities": 5, "without_key": 2}

    def test_are_listed_with_both_values(self) -> None:
        assert listing(self.compared()) == {
            "value": [{"key": "b", "total=amount": {"left": 20, "right": 25}}],
            "timing": [
                {
                    "key": "c",
                    "total=amount": {"left": 30, "right": 31},
                    "at": {
                        "left": "2026-01-01T10:05:00Z",
                        "right": "2026-01-01T10:00:00Z",
                        "left_is_later_by_seconds": 300.0,
                    },
                }
            ],
            "missing_on_left": [{"key": "f"}],
            "missing_on_right": [{"key": "e"}],
            "duplicate": [{"key": "d", "on_left": 2, "on_right": 1}],
        }

    def test_the_worst_come_first(self) -> None:
        left = [{"id": n, "v": 100, "w": "same"} for n in range(10)]
        right = [{"id": n, "v": 100 + (n * 7) % 10, "w": "same" if n else "other"} for n in range(10)]
        told = summary(of(left, right))
        assert [one["field"] for one in told["fields"]] == ["v", "w"]
        assert [one["right"] for one in told["fields"][0]["worst"]] == [109, 108, 107]
        assert [next(iter(one.values())) for one in listing(of(left, right))["value"]][-1] == "0", "texts after numbers"

    def test_a_summary_stays_small(self) -> None:
        left = [{"id": n, "text": "x" * 5_000} for n in range(500)]
        right = [{"id": n + 100, "text": "y" * 5_000} for n in range(500)]
        assert len(json.dumps(summary(of(left, right)))) < 3_000


Planted = dict[str, str]


@st.composite
def planted(draw: st.DrawFn) -> tuple[Rows, Rows, Planted]:
    """Two lists that agree but for what is planted, in another order each, and the class that each key is in."""
    numbers = draw(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=30))
    left: Rows = []
    right: Rows = []
    expected: Planted = {}
    for number in numbers:
        row: dict[str, Any] = {
            "id": number,
            "amount": draw(st.integers(-1000, 1000)),
            "state": draw(st.sampled_from(["paid", "open", None])),
            "at": f"2026-01-01T10:00:{draw(st.integers(0, 59)):02}Z",
        }
        kind = draw(st.sampled_from(["same", "same", "value", "timing", "left only", "right only", "duplicate"]))
        other: dict[str, Any] = dict(
            row, id=str(number), amount=str(row["amount"]) if draw(st.booleans()) else row["amount"]
        )
        if kind == "value":
            other |= {"amount": row["amount"] + 1} if draw(st.booleans()) else {"state": "lost"}
        if kind == "timing":
            other["at"] = "2026-01-01T11:30:00Z"
        left += [] if kind == "right only" else [row]
        right += [] if kind == "left only" else [other, other] if kind == "duplicate" else [other]
        expected[str(number)] = kind
    left.append({"id": "anchor", "amount": 0, "state": "paid", "at": "2026-01-01T10:00:00Z"})
    right.append(dict(left[-1]))
    return draw(st.permutations(left)), draw(st.permutations(right)), expected


_MIRRORED = {"left": "right", "right": "left", "on_left": "on_right", "on_right": "on_left"}


@settings(deadline=None, max_examples=150)
@given(planted(), st.integers(1, 4))
def test_what_was_planted_is_found_and_nothing_else(case: tuple[Rows, Rows, Planted], pages: int) -> None:
    left, right, expected = case
    compared = compare(side(left, pages=pages), side(right), keys=read_pairs(["id"]), fields=())
    found = {name: {one["key"] for one in entries} for name, entries in listing(compared).items()}
    assert found == {
        "value": {key for key, kind in expected.items() if kind == "value"},
        "timing": {key for key, kind in expected.items() if kind == "timing"},
        "missing_on_left": {key for key, kind in expected.items() if kind == "right only"},
        "missing_on_right": {key for key, kind in expected.items() if kind == "left only"},
        "duplicate": {key for key, kind in expected.items() if kind == "duplicate"},
    }
    assert compared.agreeing == sum(kind == "same" for kind in expected.values()) + 1


@settings(deadline=None, max_examples=100)
@given(planted())
def test_the_other_way_round_it_is_the_mirror_image(case: tuple[Rows, Rows, Planted]) -> None:
    left, right, _ = case
    there, back = summary(of(left, right)), summary(of(right, left))
    mirrored = {
        "missing_on_left": back["mismatches"]["missing_on_right"],
        "missing_on_right": back["mismatches"]["missing_on_left"],
    }
    assert there["mismatches"] == back["mismatches"] | mirrored
    for same in ("entities", "on_both_sides", "agreeing", "match_rate_percent"):
        assert there[same] == back[same]
    assert (there["left"], there["right"]) == (back["right"], back["left"])


class TestWhatCannotBeCompared:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"keys": ["nr"]}, "no row of the left side has the field 'nr'; there are: id, v"),
            ({"keys": ["id=nr"]}, "no row of the right side has the field 'nr'; there are: id, v"),
            ({"fields": ["v=total"]}, "no row of the right side has the field 'total'"),
            ({"keys": []}, "name 1 to 5 keys"),
            ({"keys": ["=id"]}, "names no field"),
            ({"keys": ["id="]}, "names no field"),
            ({"fields": ["v/0"]}, "divided by 0"),
            ({"fields": ["v", "v"]}, "named twice"),
            ({"fields": [f"f{n}" for n in range(MOST_FIELDS + 1)]}, "at most 20"),
        ],
    )
    def test_says_what_is_there(self, options: dict[str, Any], told: str) -> None:
        with pytest.raises(CorrelationFault, match=told):
            of([{"id": 1, "v": 2}], [{"id": 1, "v": 2}], **options)

    def test_too_many_common_fields_have_to_be_chosen_from(self) -> None:
        rows = [{"id": 1} | {f"f{n}": n for n in range(30)}]
        with pytest.raises(CorrelationFault, match=r"30 fields in common.*f0, f1,.*and 10 more"):
            of(rows, rows)

    def test_an_empty_side(self) -> None:
        with pytest.raises(CorrelationFault, match="the right side has no rows: its list is empty"):
            of([{"id": 1}], [])

    def test_a_side_that_is_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("agents.correlation.side.MOST_CELLS", 10)
        with pytest.raises(CorrelationFault, match="the left side is too large"):
            of([{"id": n, "v": n} for n in range(6)], [{"id": 1, "v": 1}])
