"""Data in a message is found, whatever is written around it."""

from __future__ import annotations

import json
import time

import pytest

from agents.tools.pasted import data_in

ORDERS = [{"id": 1, "amount": 5}, {"id": 2, "amount": 7}]


def found(text: str) -> list[object]:
    return [json.loads(one) for one in data_in(text)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ORDERS),
        f"Compare this:\n{json.dumps(ORDERS, indent=2)}\nwith that. [1, 2] (see {{x}})",
        f"```json\n{json.dumps(ORDERS)}\n```",
        f"[see below]\n{json.dumps(ORDERS)}",
    ],
)
def test_json_is_found_in_prose(text: str) -> None:
    assert found(text) == [ORDERS]


def test_an_object_with_a_list_is_one_of_them_and_their_order_stays() -> None:
    text = f"orders {json.dumps({'data': ORDERS})} payments: {json.dumps(ORDERS[:1])}"
    assert found(text) == [{"data": ORDERS}, ORDERS[:1]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_becomes_records(delimiter: str) -> None:
    lines = ["Here are the orders", delimiter.join(["id", "amount"]), delimiter.join(["1", "5"]), delimiter.join("27")]
    assert found("\n".join([*lines, "", "Thanks!"])) == [[{"id": "1", "amount": "5"}, {"id": "2", "amount": "7"}]]


def test_quoted_cells_may_hold_the_delimiter() -> None:
    assert found('id,name\n1,"A, B"\n2,C') == [[{"id": "1", "name": "A, B"}, {"id": "2", "name": "C"}]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello, world.",
        "one, two\nthree, four",
        "[1, 2, 3]",
        '{"a": 1}',
        "a,a\n1,2\n3,4",
        '[{"id": 1}',
        "\0\t\n" * 9,
    ],
)
def test_nothing_else_is_data(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", ["[" * 400_000, '[{"a":' * 60_000, "{" * 400_000, "," * 400_000, '"\n' * 200_000])
def test_a_hostile_text_is_soon_looked_through(text: str) -> None:
    began = time.monotonic()
    assert data_in(text) == []
    assert time.monotonic() - began < 20, "it takes well under a second; a quadratic search would take minutes"
