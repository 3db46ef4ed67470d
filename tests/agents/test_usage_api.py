from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agents.models import LanguageModel, ModelCall
from tests.agents.booked import book
from tests.agents.rows import make_model
from tests.conftest import TokenFor

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
USAGE = "/api/v1/usage"
NOVEMBER = "from=2026-11-01&to=2026-11-30"


@pytest.fixture(autouse=True)
def _calls(owner: User, member: User) -> None:
    model = make_model(slug="sandbox", name="Sandbox", model_id="claude")
    book(owner, model, at=NOON, agent="smart", waited_ms=250)
    book(member, model, at=NOON, agent="smart", input_tokens=900, status="failed", error_code="provider_rate_limited")


def asked(client: Client, query: str = NOVEMBER, **headers: str) -> Any:
    return client.get(f"{USAGE}?{query}", headers=headers)


def inputs(client: Client, query: str = NOVEMBER) -> dict[str, int]:
    answer = asked(client, query)
    assert answer.status_code == 200, answer.text
    return {row["key"]: row["input_tokens"] for row in answer.json()["items"]}


def test_the_answer_as_it_is_promised(owner_client: Client) -> None:
    sums = {
        "calls": 1,
        "input_tokens": 100,
        "output_tokens": 10,
        "cache_read_tokens": 40,
        "waits": 1,
        "waited_ms": 250,
        "rate_limited": 0,
        "uncounted": 0,
    }
    assert asked(owner_client).json() == {
        "from": "2026-11-01T00:00:00.000Z",
        "to": "2026-12-01T00:00:00.000Z",
        "total": sums,
        "items": [{"key": "2026-11-22", "name": "2026-11-22", **sums}],
        "next_cursor": None,
    }


@pytest.mark.parametrize(("group_by", "key"), [("model", "sandbox/claude"), ("agent", "smart"), ("day", "2026-11-22")])
def test_everyone_sees_their_own(owner_client: Client, member_client: Client, group_by: str, key: str) -> None:
    query = f"{NOVEMBER}&group_by={group_by}"
    assert inputs(owner_client, query) == {key: 100}
    assert inputs(member_client, query) == {key: 900}
    assert inputs(member_client, f"{query}&scope=own") == {key: 900}


@pytest.mark.parametrize("query", ["group_by=user", "scope=everyone", "group_by=user&scope=own"])
class TestOthersUsage:
    def test_is_not_for_members(self, owner_client: Client, client: Client, query: str) -> None:
        answer = asked(owner_client, query)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forbidden"
        assert asked(client, query).status_code == 401

    @pytest.mark.parametrize(("scope", "status"), [("read", 403), ("write", 403), ("admin", 200)])
    def test_needs_the_scope_admin(
        self, client: Client, staff: User, token_for: TokenFor, query: str, scope: str, status: int
    ) -> None:
        assert asked(client, query, Authorization=token_for(staff, scope)).status_code == status

    def test_is_not_for_a_members_admin_token(
        self, client: Client, owner: User, token_for: TokenFor, query: str
    ) -> None:
        assert asked(client, query, Authorization=token_for(owner, "admin")).status_code == 403


def test_staff_see_everyone_if_they_ask(staff_client: Client, owner: User, member: User) -> None:
    assert inputs(staff_client) == {}
    assert inputs(staff_client, f"{NOVEMBER}&scope=everyone") == {"2026-11-22": 1_000}
    assert inputs(staff_client, f"{NOVEMBER}&group_by=user") == {str(member.pk): 900, str(owner.pk): 100}
    assert inputs(staff_client, f"{NOVEMBER}&group_by=user&scope=own") == {}


def test_a_read_token_sees_its_users_own(client: Client, owner: User, token_for: TokenFor) -> None:
    answer = asked(client, NOVEMBER, Authorization=token_for(owner, "read"))
    assert answer.json()["total"]["input_tokens"] == 100
    assert asked(client).status_code == 401


def test_the_default_is_the_last_thirty_days(owner_client: Client, owner: User) -> None:
    now, model = timezone.now(), LanguageModel.objects.get()
    ModelCall.objects.all().delete()
    for days, tokens in [(0, 1), (28, 2), (31, 4)]:
        book(owner, model, at=now - timedelta(days=days), input_tokens=tokens)
    assert sum(inputs(owner_client, "").values()) == 1 + 2
    period = asked(owner_client, "to=2026-11-22").json()
    assert period["from"] == "2026-10-24T00:00:00.000Z"


def test_moments_are_taken_to_the_second(owner_client: Client) -> None:
    assert inputs(owner_client, "from=2026-11-22T12:00:00Z&to=2026-11-22T12:00:01Z") == {"2026-11-22": 100}
    assert inputs(owner_client, "from=2026-11-22T11:59:59Z&to=2026-11-22T12:00:00Z") == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=nonsense", "from"),
        ("to=2026-13-01", "to"),
        ("from=", "from"),
        ("from=2026-11-22&to=2026-11-21", "from"),
        ("group_by=password", "group_by"),
        ("group_by=user__password", "group_by"),
        ("scope=theirs", "scope"),
    ],
)
def test_a_bad_question_names_its_field(owner_client: Client, query: str, field: str) -> None:
    answer = asked(owner_client, query)
    assert answer.status_code == 422
    assert list(answer.json()["error"]["params"]["fields"]) == [field]


def test_a_long_answer_comes_in_pages(staff_client: Client, owner: User, member: User) -> None:
    book(None, LanguageModel.objects.get(), at=NOON, input_tokens=1)
    query = f"{NOVEMBER}&group_by=user&limit=1"
    seen: list[str | None] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(staff_client, f"{query}{cursor and f'&cursor={cursor}'}").json()
        assert page["total"]["input_tokens"] == 1_001
        seen += [row["key"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [str(member.pk), str(owner.pk), None]


def test_a_page_may_follow_what_is_gone(owner_client: Client, owner: User) -> None:
    book(owner, None, at=NOON, input_tokens=500)
    query = f"{NOVEMBER}&group_by=model&limit=1"
    first = asked(owner_client, query).json()
    assert [row["key"] for row in first["items"]] == [None]
    second = asked(owner_client, f"{query}&cursor={first['next_cursor']}").json()
    assert [row["key"] for row in second["items"]] == ["sandbox/claude"]
