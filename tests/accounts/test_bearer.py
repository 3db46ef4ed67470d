from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import TokenFor

ME = "/api/v1/me"
TOKENS = "/api/v1/tokens"


def test_a_session_is_enough_to_read(owner_client: Client) -> None:
    answer = owner_client.get(ME)
    assert answer.status_code == 200
    assert answer.json()["username"] == "owner"


def test_a_session_writes_only_with_its_csrf_token(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    for content_type in ("application/json", "text/plain"):
        answer = client.post(TOKENS, b"{}", content_type=content_type)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forbidden"
    assert not owner.api_tokens.exists()

    client.get("/settings/")  # any page sets the cookie
    token = client.cookies["csrftoken"].value
    answer = client.post(TOKENS, b"{}", content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_a_bearer_needs_no_csrf_token(owner: User, token_for: TokenFor) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        TOKENS, b"{}", content_type="application/json", headers={"Authorization": token_for(owner, "admin")}
    )
    assert answer.status_code == 201


def test_the_header_alone_decides_where_there_is_a_session_too(
    owner_client: Client, member: User, token_for: TokenFor
) -> None:
    answer = owner_client.get(ME, headers={"Authorization": token_for(member)})
    assert answer.json()["username"] == "member"
    for header in ("Bearer tp_nonsense", "Basic b3duZXI6eA==", "", "Bearer"):
        answer = owner_client.get(ME, headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.json()["error"]["code"] == "unauthenticated"


def test_a_token_counts_nowhere_but_in_the_header(client: Client, owner: User, token_for: TokenFor) -> None:
    raw = token_for(owner).removeprefix("Bearer ")
    client.cookies["token"] = raw
    for query in ("", f"?token={raw}", f"?access_token={raw}"):
        answer = client.get(ME + query, headers={"X-API-Key": raw, "X-Authorization": f"Bearer {raw}"})
        assert answer.status_code == 401
        assert raw not in answer.text


@pytest.mark.parametrize(("scope", "may_make"), [("read", False), ("write", False), ("admin", True)])
def test_a_scope_holds_the_ones_before_it_and_no_more(
    client: Client, owner: User, token_for: TokenFor, scope: str, may_make: bool
) -> None:
    header = {"Authorization": token_for(owner, scope)}
    assert client.get(ME, headers=header).json()["scope"] == scope
    made = client.post(TOKENS, b"{}", content_type="application/json", headers=header)
    assert made.status_code == (201 if may_make else 403)
    if not may_make:
        assert made.json()["error"]["params"] == {"scope": "admin"}
        assert owner.api_tokens.count() == 1


def test_the_session_of_a_deactivated_user_is_over(owner: User, owner_client: Client) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert owner_client.get(ME).status_code == 401
