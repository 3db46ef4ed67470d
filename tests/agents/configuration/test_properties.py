"""For any file: loading what was dumped changes nothing, and one mistake changes nothing either."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from tests.agents.configuration.files import dump, everything, load, refusal
from tests.agents.configuration.random_files import Line, files, spoiled_files, text_of

pytestmark = pytest.mark.django_db
# The folder and the database are the same for all examples: each takes back what it wrote.
_SETTINGS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_SETTINGS
@given(files())
def test_load_and_dump_and_load_is_a_fixed_point(tmp_path: Path, lines: list[Line]) -> None:
    with transaction.atomic():
        load(tmp_path, text_of(lines))
        once, rows = dump(), everything()
        assert "\n0 new, 0 changed, " in "\n" + load(tmp_path, text_of(lines))
        assert "\n0 new, 0 changed, " in "\n" + load(tmp_path, once)
        assert everything() == rows
        assert dump() == once
        transaction.set_rollback(True)


@_SETTINGS
@given(files())
def test_a_dump_makes_the_same_rows_in_an_empty_database(tmp_path: Path, lines: list[Line]) -> None:
    text = text_of(lines).replace("sk-canary-", "env:CANARY_")
    with transaction.atomic():
        load(tmp_path, text)
        once = dump()
        transaction.set_rollback(True)
    with transaction.atomic():
        load(tmp_path, once)
        assert dump() == once
        transaction.set_rollback(True)


@_SETTINGS
@given(spoiled_files())
def test_one_mistake_is_told_by_its_line_and_changes_nothing(tmp_path: Path, spoiled: tuple[str, int]) -> None:
    text, line = spoiled
    told = refusal(tmp_path, text)
    assert f"f, line {line}: " in told
    assert "canary" not in told
