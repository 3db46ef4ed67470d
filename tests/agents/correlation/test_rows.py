from __future__ import annotations

import pytest

from agents.correlation.fault import CorrelationFault
from agents.correlation.rows import read_rows, value_in


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[{"id": 1}, {"id": 2}]', ""),
        ('[{"id": 1}, {"id": 2}]', "$"),
        ('{"items": [{"id": 1}, {"id": 2}], "next": null}', ""),
        ('{"items": [{"id": 1}, {"id": 2}], "errors": []}', "items"),
        ('{"data": {"items": [{"id": 1}, {"id": 2}], "tags": []}}', "$.data.items"),
        ('{"id": 1}\n\n{"id": 2}\n', ""),
    ],
)
def test_rows_are_found(text: str, path: str) -> None:
    assert read_rows(text, path=path, name="result 17-1") == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        ("hello", "", "result 17-1 is no JSON, so it has no rows"),
        ('[{"id": 1}, {"id', "", "result 17-1 is JSON only at its beginning .* get it in smaller pages"),
        ('{"id": 1}\n{"id', "", "line 2 of result 17-1 is no JSON object"),
        ("[1, 2]", "", "item 0 of the list in result 17-1 is a number"),
        ('{"a": [], "b": []}', "", "must lead to a list; it has several: a, b"),
        ('{"a": 1}', "", "must lead to a list; its fields: a"),
        ('{"a": 1}', "items", "has no 'items' at its top; its fields: a"),
        ('{"a": {"b": 1}}', "a.items", "has no 'items' at a; its fields: b"),
        ('{"a": [{"b": []}]}', "a.items", "has no 'items' at a; it is a list"),
        ('{"a": 1}', "a", "has no rows at a: it is a number"),
        ('"text"', "", "has no rows at its top: it is a text"),
        ("[" * 100_000, "", "nested too deeply"),
    ],
)
def test_a_text_without_rows_is_told_what_it_has(text: str, path: str, told: str) -> None:
    with pytest.raises(CorrelationFault, match=told):
        read_rows(text, path=path, name="result 17-1")


def test_a_field_of_a_field_is_read_and_a_name_with_a_dot_goes_before_it() -> None:
    assert value_in({"a": {"b": 1}}, "a.b") == 1
    assert value_in({"a": {"b": 1}, "a.b": 2}, "a.b") == 2
    assert value_in({"a": 1}, "a.b") is None


def test_a_path_through_a_list_leads_to_all_rows_inside_with_the_fields_outside() -> None:
    first = '{"id": 1, "n": 1, "items": [{"sku": "a", "n": 2}, {"sku": "b"}]}'
    text = f'{{"data": [{first}, {{"id": 2}}, {{"id": 3, "items": []}}]}}'
    assert read_rows(text, path="data.items", name="") == [{"id": 1, "n": 2, "sku": "a"}, {"id": 1, "n": 1, "sku": "b"}]


def test_a_few_long_rows_with_many_inside_are_refused_before_they_are_spread() -> None:
    note = "x" * 1_000_000
    inner = ",".join(["{}"] * 300)
    with pytest.raises(CorrelationFault, match="would each repeat the fields around them"):
        read_rows(f'[{{"note": "{note}", "items": [{inner}]}}]', path="items", name="result 17-1")
