from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.moments import rfc3339
from accounts.tokens import authenticate_bearer, issue
from tests.conftest import TokenFor

TOKENS = "/api/v1/tokens"


def post(client: Client, body: Any, **headers: str) -> Any:
    return client.post(TOKENS, body, content_type="application/json", headers=headers)


def test_me_says_who_and_how_much_one_may(owner_client: Client, owner: User, client: Client) -> None:
    expected = {"id": str(owner.pk), "username": "owner", "is_staff": False, "scope": "admin"}
    assert owner_client.get("/api/v1/me").json() == expected
    assert client.get("/api/v1/me").status_code == 401


def test_a_token_is_made_shown_once_and_works(owner_client: Client, owner: User, client: Client) -> None:
    ends = rfc3339(timezone.now() + timedelta(days=1))
    answer = post(owner_client, {"name": "nightly", "scope": "read", "expires_at": ends})

    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["scope"], made["expires_at"]) == ("nightly", "read", ends)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["created_at"])
    assert authenticate_bearer(made["token"])[0] == owner
    listed = owner_client.get(TOKENS)
    assert made["token"] not in listed.text
    assert listed.json()["items"][0]["id"] == made["id"]
    assert listed.json()["items"][0]["last_used_at"] is not None


def test_the_default_scope_is_write(owner_client: Client) -> None:
    assert post(owner_client, {}).json()["scope"] == "write"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "root"}, "scope"),
        ({"name": "x" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"user": str(uuid4())}, "user"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
        ({"expires_at": 4102444800}, "expires_at"),
        ({"name": "a\0b"}, "name"),
        ("[]", "body"),
        ("null", "body"),
        ("", "body"),
    ],
)
def test_a_bad_body_is_refused_with_its_field(owner_client: Client, owner: User, body: Any, field: str) -> None:
    answer = post(owner_client, body)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert list(error["params"]["fields"]) == [field]
    assert not owner.api_tokens.exists()


def test_everyone_sees_their_own_tokens_only(
    owner_client: Client, owner: User, member_client: Client, client: Client
) -> None:
    issue(user=owner, scope="read")
    assert len(owner_client.get(TOKENS).json()["items"]) == 1
    assert member_client.get(TOKENS).json() == {"items": [], "next_cursor": None}
    assert client.get(TOKENS).status_code == 401


def test_a_token_is_revoked_by_its_owner_alone(
    owner: User, owner_client: Client, member_client: Client, staff_client: Client, client: Client, token_for: TokenFor
) -> None:
    row = issue(user=owner, scope="write").row
    address = f"{TOKENS}/{row.pk}"

    assert client.delete(address).status_code == 401
    for stranger in (member_client, staff_client):
        assert stranger.delete(address).status_code == 404
    assert client.delete(address, headers={"Authorization": token_for(owner, "read")}).status_code == 403
    assert ApiToken.objects.get(pk=row.pk).revoked_at is None

    gone = owner_client.delete(address)
    assert (gone.status_code, gone.content) == (204, b"")
    assert ApiToken.objects.get(pk=row.pk).revoked_at is not None


def test_a_read_token_learns_nothing_about_a_strangers_token(
    owner: User, member: User, client: Client, token_for: TokenFor
) -> None:
    header = {"Authorization": token_for(member, "read")}
    theirs = client.delete(f"{TOKENS}/{issue(user=owner, scope='write').row.pk}", headers=header)
    nobodys = client.delete(f"{TOKENS}/{uuid4()}", headers=header)
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()


def test_the_list_comes_in_pages_newest_first(owner_client: Client, owner: User) -> None:
    rows = [issue(user=owner, scope="read", name=str(number)).row for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = owner_client.get(f"{TOKENS}?limit=2{cursor}").json()
        seen += [item["name"] for item in page["items"]]
        assert len(page["items"]) <= 2
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [row.name for row in reversed(rows)]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=abc", "cursor=nonsense", "cursor=%00"])
def test_a_bad_page_is_refused(owner_client: Client, query: str) -> None:
    answer = owner_client.get(f"{TOKENS}?{query}")
    assert answer.status_code == 422, answer.text
