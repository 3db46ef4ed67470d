from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


@pytest.mark.parametrize(
    "path", ["/login/", "/settings/", "/api/v1/me", "/api/v1/health", "/nope", "/admin/", "/api/v1/nope"]
)
def test_every_answer_has_the_safety_headers_and_stays_out_of_caches(owner_client: Client, path: str) -> None:
    headers = owner_client.get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "address", ["/api/v1/models?cursor=%00", "/api/v1/agent-configs/x/%00", "/%00", "/settings/?model=%00"]
)
def test_nul_in_an_address_is_refused(owner_client: Client, address: str) -> None:
    answer = owner_client.get(address)
    assert answer.status_code == 422
    assert answer.json()["error"]["params"]["fields"] == {"address": "must not hold the NUL character"}


def test_a_method_that_is_not_allowed_is_answered_in_json(owner_client: Client) -> None:
    answer = owner_client.patch("/api/v1/tokens", b"{}", content_type="application/json")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "invalid_request"
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


def test_a_page_keeps_djangos_own_answer(owner_client: Client, owner: User) -> None:
    assert owner_client.get("/logout/").status_code == 405
