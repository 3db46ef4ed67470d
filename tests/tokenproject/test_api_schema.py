"""Errors in the OpenAPI document: which operation can answer with which, and that all have the one shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tokenproject.api import api
from tokenproject.api_schema import Error
from tokenproject.error_body import error_body
from tokenproject.json_bodies import render

ALWAYS = {"429", "500", "503"}
SIGNED_IN = ALWAYS | {"401", "403"}
CHANGES = SIGNED_IN | {"404", "409"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    described = api.get_openapi_schema(path_prefix="/api/v1/")
    as_clients_see_it: dict[str, Any] = orjson.loads(orjson.dumps(described, option=orjson.OPT_NON_STR_KEYS))
    return as_clients_see_it


@pytest.mark.parametrize(
    ("method", "path", "errors"),
    [
        ("get", "/health", ALWAYS),
        ("get", "/me", SIGNED_IN),
        ("get", "/usage", SIGNED_IN | {"422"}),
        ("get", "/turns/{turn_id}", SIGNED_IN | {"404", "422"}),
        ("post", "/tokens", CHANGES | {"400", "413", "422"}),
        ("delete", "/tokens/{token_id}", CHANGES | {"422"}),
        ("put", "/agent-configs/{provider}/{model_id}", CHANGES | {"400", "413", "422"}),
        ("post", "/conversations/{conversation_id}/messages", CHANGES | {"400", "413", "422"}),
    ],
)
def test_an_operation_names_the_errors_that_it_can_answer_with(
    document: dict[str, Any], method: str, path: str, errors: set[str]
) -> None:
    statuses = document["paths"][f"/api/v1{path}"][method]["responses"].keys()
    assert {status for status in statuses if status >= "400"} == errors


def test_every_error_of_every_operation_has_the_one_shape(document: dict[str, Any]) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    references = {
        answer["$ref"]
        for operation in operations
        for status, answer in operation["responses"].items()
        if status >= "400"
    }
    for reference in references:
        described = document["components"]["responses"][reference.removeprefix("#/components/responses/")]
        assert described["description"]
        schema = described["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Error"}
    assert document["components"]["schemas"]["Error"]["required"] == ["error"]


def test_the_described_shape_is_the_one_that_is_sent() -> None:
    least = error_body(code="c", message="m")
    most = error_body(
        code="c",
        message="m",
        params={"fields": {"a": "b"}},
        retryable=True,
        retry_at=datetime(2026, 11, 22, tzinfo=UTC),
        ref="r",
    )
    for body in (least, most):
        sent = orjson.loads(render(body))
        assert Error.model_validate(sent).model_dump(mode="json").keys() == sent.keys()
        assert set(sent["error"]) == set(Error.model_json_schema()["$defs"]["ErrorFields"]["required"])
