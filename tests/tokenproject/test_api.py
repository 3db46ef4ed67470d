"""What holds for the whole API, whichever router an operation is in."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI, Router
from pydantic import BaseModel, ConfigDict
from pytest_django import Settings

from accounts.models import User
from accounts.refusals import QueueFull
from agents.defaults import ensure_shipped_rows
from agents.llm.errors import ConfigInvalid, ContextImpossible, ProviderOverloaded
from tests.conftest import TokenFor
from tokenproject.api import api
from tokenproject.api_errors import add_handlers
from tokenproject.json_bodies import Renderer, StrictParser

OPEN = {"/api/v1/health", "/api/v1/ready"}
SHAPE = {"code", "message", "params", "retryable", "retry_at", "ref"}


def operations() -> list[tuple[str, str]]:
    """Every (method, path) of the API, with an id of nobody in place of each parameter."""
    found = []
    for path, item in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda match: str(uuid4()), path)
        found += [(method.upper(), address) for method in item if method in {"get", "post", "put", "patch", "delete"}]
    return found


@pytest.mark.parametrize(("method", "path"), operations(), ids=lambda part: re.sub(r"[0-9a-f-]{36}", "…", part))
class TestEveryOperation:
    def test_a_stranger_is_told_to_sign_in(self, client: Client, db: None, method: str, path: str) -> None:
        answer = client.generic(method, path, b"{}", content_type="application/json")
        if path in OPEN:
            assert answer.status_code == 200
            return
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthenticated"

    def test_a_read_token_changes_nothing(
        self, client: Client, owner: User, token_for: TokenFor, method: str, path: str
    ) -> None:
        if method == "GET":
            return
        header = {"Authorization": token_for(owner, "read")}
        answer = client.generic(method, path, b"{}", content_type="application/json", headers=header)
        assert answer.status_code in {403, 404, 422}, answer.text
        assert set(answer.json()["error"]) == SHAPE

    def test_a_session_without_a_csrf_token_changes_nothing(self, owner: User, method: str, path: str) -> None:
        if method == "GET":
            return
        client = Client(enforce_csrf_checks=True)
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
        answer = client.generic(method, path, b"{}", content_type="application/json")
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forbidden"


def test_the_operations_of_the_contract_are_there() -> None:
    paths = {path.removeprefix("/api/v1") for path in api.get_openapi_schema(path_prefix="/api/v1/")["paths"]}
    assert paths >= {
        "/health",
        "/ready",
        "/me",
        "/tokens",
        "/tokens/{token_id}",
        "/providers",
        "/models",
        "/agents",
        "/agent-configs",
        "/agent-configs/{provider}/{model_id}",
    }


def test_the_description_is_for_whoever_is_signed_in(
    client: Client, owner: User, owner_client: Client, token_for: TokenFor
) -> None:
    address = "/api/v1/openapi.json"
    assert client.get(address).status_code == 401
    assert owner_client.get(address).json()["openapi"].startswith("3.")
    assert client.get(address, headers={"Authorization": token_for(owner, "read")}).status_code == 200


def test_the_docs_are_for_staff(client: Client, owner_client: Client, staff_client: Client) -> None:
    address = "/api/v1/docs"
    assert client.get(address).status_code == owner_client.get(address).status_code == 302
    page = staff_client.get(address)
    assert page.status_code == 200
    assert "http" not in re.sub(r"http://testserver", "", page.text), "nothing comes from elsewhere"


@pytest.mark.parametrize("path", ["nope", "tokens/not-a-uuid/x", "", "conversations/x/y/z"])
def test_an_unknown_address_is_answered_in_json(client: Client, db: None, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "code": "not_found",
        "message": "There is nothing here under this address.",
        "params": {},
        "retryable": False,
        "retry_at": None,
        "ref": None,
    }


def test_an_id_that_is_none_is_refused(owner_client: Client) -> None:
    answer = owner_client.delete("/api/v1/tokens/not-a-uuid")
    assert answer.status_code == 422
    assert list(answer.json()["error"]["params"]["fields"]) == ["token_id"]


def test_a_body_over_8_mib_is_too_large(owner_client: Client, owner: User) -> None:
    body = b'{"name": "' + b"x" * (8 * 1024 * 1024) + b'"}'
    answer = owner_client.post("/api/v1/tokens", body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"
    assert not owner.api_tokens.exists()


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str


_trouble = NinjaAPI(urls_namespace="trouble", parser=StrictParser(), renderer=Renderer())
add_handlers(_trouble)
_router = Router()
_ERRORS: dict[str, Exception] = {
    "queue": QueueFull("20 wait already.", params={"limit": 20}, retryable=True),
    "context": ContextImpossible("Too big.", params={"limit": 1000}),
    "config": ConfigInvalid("No key.", detail="secret detail"),
    "overloaded": ProviderOverloaded("Busy.", retry_after=8),
    "denied": PermissionDenied("secret detail"),
    "big": RequestDataTooBig("secret detail"),
    "locked": OperationalError("database is locked: secret detail"),
    "bug": KeyError("secret detail"),
}


@_router.post("/echo")
def echo(request: HttpRequest, payload: Body) -> Body:
    return payload


@_router.get("/{name}")
def raise_it(request: HttpRequest, name: str) -> None:
    raise _ERRORS[name]


_trouble.add_router("", _router)


@pytest.fixture
def trouble(settings: Settings) -> Client:
    """A client of an API that has our handlers and raises what it is asked to."""
    from django.urls import path

    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("api/", _trouble.urls)]})
    return Client()


@pytest.mark.parametrize(
    ("name", "status", "code", "retryable"),
    [
        ("queue", 409, "queue_full", True),
        ("context", 422, "context_impossible", False),
        ("config", 409, "config_invalid", False),
        ("overloaded", 503, "provider_overloaded", True),
        ("denied", 403, "forbidden", False),
        ("big", 413, "payload_too_large", False),
        ("locked", 503, "server_busy", True),
        ("bug", 500, "internal", False),
    ],
)
def test_every_error_has_the_one_shape(
    trouble: Client, caplog: pytest.LogCaptureFixture, name: str, status: int, code: str, retryable: bool
) -> None:
    answer = trouble.get(f"/api/{name}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (status, code, retryable)
    assert set(error) == SHAPE
    assert "secret" not in answer.text
    if code in {"internal", "server_busy"}:
        assert error["ref"] in caplog.text
        assert "secret detail" in caplog.text


def test_an_error_says_when_to_try_again(trouble: Client) -> None:
    retry_at = trouble.get("/api/overloaded").json()["error"]["retry_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", retry_at)


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        (b'{"text": "x", "owner": 1}', 422, {"owner": "is not a field of this request"}),
        (b'{"text": 1}', 422, {"text": "Input should be a valid string"}),
        (rb'{"text": "\u0000"}', 422, {"text": "must not hold the NUL character"}),
        (rb'{"text": "\ud800"}', 422, {"body": "must not hold half of a surrogate pair"}),
        (b"{", 400, None),
    ],
)
def test_a_bad_body_names_its_fields(trouble: Client, body: bytes, status: int, fields: Any) -> None:
    answer = trouble.post("/api/echo", body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json()["error"]["params"].get("fields") == fields


def test_no_shipped_row_leaks_where_its_key_is(staff_client: Client, settings: Settings) -> None:
    settings.OPENAI_API_KEY = "sk-canary"
    ensure_shipped_rows()
    for path in ("providers", "models", "agent-configs", "openapi.json"):
        text = staff_client.get(f"/api/v1/{path}").text
        assert "canary" not in text
        assert "OPENAI_API_KEY" not in text
