from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agents.models import LanguageModel, ModelCall
from tests.agents.booked import book
from tests.agents.rows import make_model

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOVEMBER = "?from=2026-11-01&to=2026-11-30"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model(slug="sandbox", name="Sandbox", model_id="claude")


@pytest.fixture(autouse=True)
def _calls(owner: User, member: User, model: LanguageModel) -> None:
    book(owner, model, at=NOON, agent="smart", input_tokens=1_111, waited_ms=1_500)
    book(owner, model, at=NOON.replace(day=20), agent="datadog-champion", input_tokens=2_222)
    refused = {"status": "failed", "error_code": "provider_rate_limited", "rate_limited": 1}
    book(member, model, at=NOON, agent="smart", input_tokens=4_444, **refused)


def opened(client: Client, query: str = NOVEMBER) -> str:
    answer = client.get(f"/settings/usage/{query}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def tables(text: str) -> dict[str, list[list[str]]]:
    """The cells of the body of each table, by the table's name."""
    found = re.findall(r'<table[^>]*aria-label="([^"]*)".*?<tbody[^>]*>(.*?)</tbody>', text)
    rows = {name: re.findall(r"<tr.*?</tr>", body) for name, body in found}
    cell = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>")
    return {
        name: [[re.sub("<[^>]*>", "", one).strip() for one in cell.findall(row)] for row in body]
        for name, body in rows.items()
    }


def points(text: str) -> Any:
    found = re.search(r'<script id="usage-data" type="application/json">(.*?)</script>', text)
    return found and json.loads(found[1])


def test_a_member_sees_their_own_sums_in_every_grouping(owner_client: Client) -> None:
    text = opened(owner_client)
    found = tables(text)
    assert found["By day"] == [
        ["2026-11-22", "1", "1,111", "40", "10", "1 1.5 s", "0"],
        ["2026-11-20", "1", "2,222", "40", "10", "0", "0"],
    ]
    assert found["By model"] == [["Sandbox · claude", "2", "3,333", "80", "20", "1 1.5 s", "0"]]
    assert [row[0] for row in found["By agent"]] == ["Datadog Champion", "Smart Agent"]
    assert "By user" not in found
    assert "4,444" not in text
    assert "Days are in UTC" in text
    assert "target 0" in text


def test_a_member_cannot_ask_for_everyones(owner_client: Client) -> None:
    for address in ("/settings/usage/", "/settings/usage/by-day.csv"):
        assert owner_client.get(f"{address}{NOVEMBER}&scope=everyone").status_code == 403
    assert owner_client.get(f"/settings/usage/by-user.csv{NOVEMBER}").status_code == 404
    assert "Whose" not in opened(owner_client)


def test_staff_see_their_own_first_and_everyones_when_asked(staff_client: Client) -> None:
    assert "No model call in these days" in opened(staff_client)
    text = opened(staff_client, f"{NOVEMBER}&scope=everyone")
    assert [(row[0], row[2], row[6]) for row in tables(text)["By user"]] == [
        ("member", "4,444", "1"),
        ("owner", "3,333", "0"),
    ]
    assert "usage-met" in text
    assert "usage-met" not in opened(staff_client)


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    for address in ("/settings/usage/", "/settings/usage/by-day.csv"):
        assert client.get(address)["Location"] == f"/login/?next={address}"


def test_the_chart_and_the_table_have_the_same_numbers(owner_client: Client) -> None:
    text = opened(owner_client)
    data = points(text)
    assert len(data["day"]) == 30
    charted = {
        datetime.fromtimestamp(day, tz=UTC).date().isoformat(): f"{tokens:,}"
        for day, tokens in zip(data["day"], data["input"], strict=True)
        if tokens
    }
    assert charted == {row[0]: row[2] for row in tables(text)["By day"]}


def test_one_day_is_no_chart_and_its_table_is_open(owner_client: Client) -> None:
    text = opened(owner_client, "?from=2026-11-22&to=2026-11-22")
    assert points(text) is None
    assert "uPlot" not in text
    assert "a chart needs two" in text
    assert re.search(r"<details[^>]* open>", text)
    assert len(tables(text)["By day"]) == 1


def test_without_calls_the_page_says_what_to_do(owner_client: Client) -> None:
    text = opened(owner_client, "?from=2020-01-01&to=2020-01-31")
    assert "No model call in these days" in text
    assert 'href="/"' in text
    assert tables(text) == {}
    assert points(text) is None


def test_calls_without_a_count_are_said(owner_client: Client, owner: User, model: LanguageModel) -> None:
    assert "without a count" not in opened(owner_client)
    book(owner, model, at=NOON, status="failed", input_tokens=None, output_tokens=None, cache_read_tokens=None)
    assert "1 without a count" in opened(owner_client)


@pytest.mark.parametrize(
    "query", ["?from=nonsense", "?from=2026-11-22&to=2026-11-01", "?from=2020-01-01", "?days=8", "?scope=x"]
)
def test_a_bad_period_is_refused_beside_the_form(owner_client: Client, query: str) -> None:
    answer = owner_client.get(f"/settings/usage/{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "In all" not in answer.text
    assert owner_client.get(f"/settings/usage/by-day.csv{query}").status_code == 404


def test_the_last_days_are_offered_and_the_chosen_one_is_marked(
    owner_client: Client, owner: User, model: LanguageModel
) -> None:
    ModelCall.objects.all().delete()
    book(owner, model, at=timezone.now(), input_tokens=5_555)
    text = opened(owner_client, "")
    assert re.search(r'\?days=30"[^>]*aria-current="true"', text)
    assert "5,555" in text
    text = opened(owner_client, "?days=7")
    assert re.search(r'\?days=7"[^>]*aria-current="true"', text)
    assert "by-day.csv?days=7" in text


def test_the_export_has_what_the_page_has(owner_client: Client) -> None:
    answer = owner_client.get(f"/settings/usage/by-day.csv{NOVEMBER}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="usage-by-day-2026-11-01-to-2026-11-30.csv"'
    assert answer["Cache-Control"] == "no-store"
    assert answer.text.splitlines()[1:] == [
        "2026-11-22,2026-11-22,1,1111,10,40,1,1500,0,0",
        "2026-11-20,2026-11-20,1,2222,10,40,0,0,0,0",
    ]


def test_staff_export_everyones(staff_client: Client, owner: User, member: User) -> None:
    lines = staff_client.get(f"/settings/usage/by-user.csv{NOVEMBER}&scope=everyone").text.splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["member", str(member.pk)], ["owner", str(owner.pk)]]
    assert staff_client.get(f"/settings/usage/by-password.csv{NOVEMBER}").status_code == 404


def test_a_name_is_no_markup_on_the_page_and_no_formula_in_the_export(
    staff_client: Client, member: User, model: LanguageModel
) -> None:
    User.objects.filter(pk=member.pk).update(username=f"=1+1{HOSTILE}")
    everyone = f"{NOVEMBER}&scope=everyone"
    text = opened(staff_client, everyone)
    assert HOSTILE not in text
    assert "=1+1&lt;script&gt;" in text
    assert f"\n'=1+1{HOSTILE}," in staff_client.get(f"/settings/usage/by-user.csv{everyone}").text.replace("\r", "")
