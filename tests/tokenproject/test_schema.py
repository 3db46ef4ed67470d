"""The OpenAPI document against the API itself: what comes back is what it promises, whatever is sent.

Everything runs in this process, and the cases are the same in every run: those at the edges of the schema are worked
out, and between them hypothesis draws some from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import orjson
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.tokens import issue
from tests.agents.booked import book
from tests.chat.made import held_back
from tests.chat.refunding import asking
from tests.conftest import TokenFor
from tokenproject.api import api

# Their type parameters are of no use to a test.
Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]

CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
DRAWN = settings(
    max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
BODIES: dict[str, Any] = {
    "POST /api/v1/turns/{turn_id}/approvals/{approval_id}": {"approved": True},
    "POST /api/v1/tokens": {"name": "nightly", "scope": "read", "expires_at": "2100-01-01T00:00:00Z"},
    "POST /api/v1/agent-configs/{provider}/{model_id}/copy": {"to": [{"provider": "sandbox", "model": "sandbox-gpt"}]},
    "PUT /api/v1/agent-configs/{provider}/{model_id}": {"temperature": 0.5},
    "POST /api/v1/conversations": {"title": "One", "provider": "sandbox", "model": "sandbox-claude"},
    "PATCH /api/v1/conversations/{conversation_id}": {"pinned": True},
    "POST /api/v1/conversations/{conversation_id}/messages": {"client_message_id": "1", "text": "hello"},
    "POST /api/v1/messages/{message_id}/regenerate": {"client_message_id": "2"},
    "POST /api/v1/messages/{message_id}/edit": {"client_message_id": "3", "text": "hello again"},
}
"""What an operation with a body can be asked so that it does its work."""


def described() -> dict[str, Any]:
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    as_clients_see_it: dict[str, Any] = orjson.loads(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))
    return as_clients_see_it


# Each request is signed in: a header that is missing on purpose would not stay so.
CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False, "database": "none"}})
SCHEMA = schemathesis.openapi.from_dict(described(), config=CONFIG)
SCHEMA.app = get_wsgi_application()
OPERATIONS: list[Operation] = [found.ok() for found in cast(Any, SCHEMA.get_all_operations())]
TAKE_INPUT = [one for one in OPERATIONS if one.path_parameters or one.query or one.body]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.label)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The end of a request would close the connection that the test's transaction lives on."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def authorization(staff: User, token_for: TokenFor) -> str:
    return token_for(staff, "admin")


@pytest.fixture
def real_ids(staff: User) -> dict[str, str]:
    """What a path may hold so that there is something under it."""
    turn = held_back(staff)
    book(staff, turn.conversation.model, agent="smart")
    return {
        "conversation_id": str(turn.conversation_id),
        "message_id": str(turn.question_id),
        "turn_id": str(turn.pk),
        "approval_id": str(asking(turn).pk),
        "token_id": str(issue(user=staff, scope="read").row.pk),
        "provider": "sandbox",
        "model_id": "sandbox-claude",
    }


def answered(case: Case, *, authorization: str) -> int:
    """The status of the answer, which must be as it is documented."""
    answer = case.call(headers={"Authorization": authorization})
    case.validate_response(answer, checks=CHECKS)
    return answer.status_code


@each(OPERATIONS)
def test_an_operation_that_does_its_work_answers_as_documented(
    operation: Operation, authorization: str, real_ids: dict[str, str]
) -> None:
    case = operation.Case(path_parameters=real_ids, headers={}, query={}, cookies={})
    if operation.body:
        case = operation.Case(path_parameters=real_ids, body=BODIES[operation.label], media_type="application/json")
    assert 200 <= answered(case, authorization=authorization) <= 299


@each(TAKE_INPUT)
def test_the_edges_of_what_an_operation_takes(
    operation: Operation, authorization: str, real_ids: dict[str, str]
) -> None:
    generation = SCHEMA.config.generation_for(operation=operation)
    cases = SCHEMA.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=generation)
    statuses = {answered(case, authorization=authorization) for case in cases}
    assert statuses & {404, 422}, "nothing wrong was sent"


@each(TAKE_INPUT)
@pytest.mark.parametrize("mode", GenerationMode)
def test_drawn_requests(
    operation: Operation, mode: GenerationMode, authorization: str, real_ids: dict[str, str]
) -> None:
    there = {parameter.name: real_ids[parameter.name] for parameter in operation.path_parameters}
    cases = operation.as_strategy(generation_mode=mode)
    if there and (mode.is_positive or operation.query or operation.body):
        cases |= operation.as_strategy(generation_mode=mode, path_parameters=there)

    @DRAWN
    @given(case=cases)
    def run(case: Case) -> None:
        answered(case, authorization=authorization)

    run()
