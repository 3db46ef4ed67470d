from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import TokenFor
from tokenproject import health


def test_alive_without_signing_in(client: Client) -> None:
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_says_no_more_than_that_to_strangers(
    client: Client, member_client: Client, staff_client: Client, staff: User, token_for: TokenFor
) -> None:
    assert client.get("/api/v1/ready").json() == member_client.get("/api/v1/ready").json() == {"status": "ok"}
    assert staff_client.get("/api/v1/ready").json()["checks"]["database"] == "ok"
    by_token = [
        client.get("/api/v1/ready", headers={"Authorization": token_for(staff, scope)}) for scope in ("write", "admin")
    ]
    assert ["checks" in answer.json() for answer in by_token] == [False, True]


@pytest.fixture
def broken() -> Iterator[None]:
    def fail() -> None:
        raise RuntimeError("no worker has reported for 30 s")

    health.CHECKS["workers"] = fail
    yield
    del health.CHECKS["workers"]


@pytest.mark.usefixtures("broken")
def test_not_ready_is_503_and_says_why_to_staff_alone(client: Client, staff_client: Client) -> None:
    answer = client.get("/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "server_busy"
    assert "worker" not in answer.text
    checks = staff_client.get("/api/v1/ready").json()["error"]["params"]["checks"]
    assert checks == {"database": "ok", "workers": "RuntimeError: no worker has reported for 30 s"}
