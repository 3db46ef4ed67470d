from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents.models import LanguageModel, ModelCall
from agents.periods import Period, of_days
from agents.usage import Grouping, Usage, UsageRow, total, usage_by
from tests.agents.booked import book
from tests.agents.rows import make_model

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WEEK = of_days(date(2026, 11, 16), date(2026, 11, 22))
UNCOUNTED = {"input_tokens": None, "output_tokens": None, "cache_read_tokens": None}
GROUPINGS: tuple[Grouping, ...] = ("model", "agent", "user", "day")


@pytest.fixture
def claude(db: None) -> LanguageModel:
    return make_model(slug="sandbox", name="Sandbox", model_id="meta/claude:1")


def summed(group_by: Grouping, user: User | None, period: Period = WEEK) -> dict[str | None, UsageRow]:
    return {row.key: row for row in usage_by(group_by, period=period, user=user)}


def test_every_number_is_summed(owner: User, claude: LanguageModel) -> None:
    book(owner, claude, at=NOON, waited_ms=1_500)
    book(owner, claude, at=NOON, waited_ms=500, input_tokens=1_000, cache_read_tokens=0)
    book(owner, claude, at=NOON, status="failed", error_code="provider_rate_limited", rate_limited=1, **UNCOUNTED)
    book(owner, claude, at=NOON, status="failed", error_code="provider_overloaded", **UNCOUNTED)
    book(owner, claude, at=NOON, status="running", **UNCOUNTED)
    sums = Usage(
        calls=5,
        input_tokens=1_100,
        output_tokens=20,
        cache_read_tokens=40,
        waits=2,
        waited_ms=2_000,
        rate_limited=1,
        uncounted=3,
    )
    for group_by in GROUPINGS:
        rows = usage_by(group_by, period=WEEK, user=owner)
        assert len(rows) == 1
        assert total(rows) == sums


def test_nothing_sums_to_nothing(owner: User) -> None:
    for group_by in GROUPINGS:
        assert usage_by(group_by, period=WEEK, user=owner) == []
    assert total([]) == Usage()


def test_models_are_told_apart_by_their_provider_too(owner: User, claude: LanguageModel) -> None:
    twin = make_model(slug="gateway", model_id="meta/claude:1")
    book(owner, claude, at=NOON)
    book(owner, twin, at=NOON, input_tokens=7)
    book(owner, None, at=NOON, input_tokens=3)
    rows = usage_by("model", period=WEEK, user=owner)
    assert [(row.key, row.name, row.input_tokens) for row in rows] == [
        ("sandbox/meta/claude:1", "Sandbox · meta/claude:1", 100),
        ("gateway/meta/claude:1", "gateway · meta/claude:1", 7),
        (None, "Removed models", 3),
    ]


def test_agents_are_called_by_their_names(owner: User, claude: LanguageModel) -> None:
    for agent in ("smart", "smart", "retired-one", ""):
        book(owner, claude, at=NOON, agent=agent)
    rows = usage_by("agent", period=WEEK, user=owner)
    assert [(row.key, row.name, row.calls) for row in rows] == [
        ("smart", "Smart Agent", 2),
        (None, "No agent", 1),
        ("retired-one", "retired-one", 1),
    ]


def test_one_persons_calls_or_everyones(owner: User, member: User, claude: LanguageModel) -> None:
    book(owner, claude, at=NOON)
    book(member, claude, at=NOON, input_tokens=900)
    book(None, claude, at=NOON, input_tokens=1)
    assert summed("day", owner)["2026-11-22"].input_tokens == 100
    assert summed("day", member)["2026-11-22"].input_tokens == 900
    assert [(row.key, row.name, row.input_tokens) for row in usage_by("user", period=WEEK, user=None)] == [
        (str(member.pk), "member", 900),
        (str(owner.pk), "owner", 100),
        (None, "Removed users", 1),
    ]


def test_days_are_those_of_utc_and_come_newest_first(owner: User, claude: LanguageModel) -> None:
    tokyo = timezone(timedelta(hours=9))
    book(owner, claude, at=datetime(2026, 11, 22, 8, 59, tzinfo=tokyo))
    book(owner, claude, at=datetime(2026, 11, 22, 9, 0, tzinfo=tokyo), input_tokens=1)
    rows = usage_by("day", period=WEEK, user=owner)
    assert [(row.key, row.input_tokens) for row in rows] == [("2026-11-22", 1), ("2026-11-21", 100)]


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        (datetime(2026, 11, 15, 23, 59, 59, 999_999, tzinfo=UTC), 0),
        (datetime(2026, 11, 16, tzinfo=UTC), 1),
        (datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, tzinfo=UTC), 0),
    ],
)
def test_a_period_holds_its_first_moment_and_not_its_end(
    owner: User, claude: LanguageModel, at: datetime, counted: int
) -> None:
    book(owner, claude, at=at)
    assert total(usage_by("day", period=WEEK, user=owner)).calls == counted


@pytest.mark.parametrize("group_by", GROUPINGS)
@pytest.mark.parametrize("everyone", [False, True])
def test_one_query_that_walks_an_index(owner: User, group_by: Grouping, everyone: bool) -> None:

    with CaptureQueriesContext(connection) as queries:
        usage_by(group_by, period=WEEK, user=None if everyone else owner)
    [*others, query] = queries.captured_queries
    assert len(others) == (group_by == "agent"), "agents are called what admins call them now"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
        plan = " / ".join(row[-1] for row in cursor.fetchall())
    table = ModelCall._meta.db_table
    assert f"SEARCH {table} USING INDEX model_call_newest" in plan
    assert f"SCAN {table}" not in plan
