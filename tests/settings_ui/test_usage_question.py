from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agents.periods import of_days
from settings_ui.usage_question import UsageForm, UsageQuestion

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TODAY = NOW.date()


def asked(**data: str) -> UsageForm:
    return UsageForm(data, now=NOW)


def understood(**data: str) -> UsageQuestion:
    form = asked(**data)
    assert form.is_valid(), form.errors
    return UsageQuestion.of(form)


@pytest.mark.parametrize(
    ("data", "first", "last", "query"),
    [
        ({}, date(2026, 10, 24), TODAY, "days=30"),
        ({"days": "7"}, date(2026, 11, 16), TODAY, "days=7"),
        (
            {"from": "2026-11-01", "to": "2026-11-02"},
            date(2026, 11, 1),
            date(2026, 11, 2),
            "from=2026-11-01&to=2026-11-02",
        ),
        (
            {"from": "2026-11-01", "to": "2026-11-02", "days": "7"},
            date(2026, 11, 1),
            date(2026, 11, 2),
            "from=2026-11-01&to=2026-11-02",
        ),
        ({"from": "2026-11-20"}, date(2026, 11, 20), TODAY, "from=2026-11-20&to=2026-11-22"),
        ({"to": "2026-11-20"}, date(2026, 11, 20), date(2026, 11, 20), "from=2026-11-20&to=2026-11-20"),
        ({"from": "2025-11-22", "to": "2026-11-22"}, date(2025, 11, 22), TODAY, "from=2025-11-22&to=2026-11-22"),
    ],
)
def test_which_days_are_meant(data: dict[str, str], first: date, last: date, query: str) -> None:
    question = understood(**data)
    assert question.period == of_days(first, last)
    assert question.query == query


def test_the_address_of_the_same_question_is_the_same_question() -> None:
    question = understood(**{"from": "2026-11-01", "to": "2026-11-02", "scope": "everyone"})
    assert question.query == "from=2026-11-01&to=2026-11-02&scope=everyone"
    again = dict(part.split("=") for part in question.query.split("&"))
    assert understood(**again) == question


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "22/11/2026"}, "to"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "from"),
        ({"from": "2025-11-21", "to": "2026-11-22"}, "from"),
        ({"from": "1969-12-31", "to": "1969-12-31"}, "from"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "from"),
        ({"days": "8"}, "days"),
        ({"scope": "theirs"}, "scope"),
    ],
)
def test_a_bad_question_is_refused_at_its_field(data: dict[str, str], field: str) -> None:
    form = asked(**data)
    assert not form.is_valid()
    assert list(form.errors) == [field]
