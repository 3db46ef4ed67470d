from __future__ import annotations

import pytest

from agents.roster import shipped
from agents.tools.handle_note import takes_handles, with_handle


@pytest.mark.parametrize("text", ['[{"id": 1}]', ' [{"id": 1}, {"id": 2}]', '{"orders": [{"id": 1}], "next": null}'])
def test_a_list_of_records_says_its_handle(text: str) -> None:
    assert with_handle(text, "123-1") == f"{text}\n[handle 123-1]"


@pytest.mark.parametrize("text", ["", "fine", "[1, 2]", "[]", '{"a": 1}', '[{"id": 1}', "[" * 5_000, '"[]"'])
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert with_handle(text, "123-1") is text


@pytest.mark.parametrize(("slug", "takes"), [("smart", False), ("datadog-champion", False), ("api-correlator", True)])
def test_only_who_compares_lists_is_told(slug: str, takes: bool) -> None:
    agent = shipped(slug)
    assert agent is not None
    assert takes_handles(agent.tools.specs) is takes
