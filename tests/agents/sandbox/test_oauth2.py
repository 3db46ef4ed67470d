from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Journal
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.transport import SandboxTransport
from tests.agents.sandbox.stage import serving

SECRET = "s:e+c%ret"
BASIC = base64.b64encode(b"my+client:s%3Ae%2Bc%25ret").decode()
GRANT = {"grant_type": "client_credentials"}
IN_BODY = {**GRANT, "client_id": "my client", "client_secret": SECRET}


@dataclass(kw_only=True)
class Place:
    http: httpx2.AsyncClient
    office: TokenOffice
    journal: Journal
    now: float = 0.0

    async def ask(self, form: dict[str, str], *, basic: str = "", **headers: str) -> httpx2.Response:
        signed = {"authorization": f"Basic {basic}"} if basic else {}
        return await self.http.post(TOKEN_PATH, data=form, headers=signed | headers)

    async def token(self) -> str:
        return str((await self.ask(IN_BODY)).json()["access_token"])

    async def chat(self, *, token: str = "", path: str = "/v1/chat/completions") -> httpx2.Response:
        body = {"model": "sandbox-gpt", "messages": [{"role": "user", "content": "echo hi"}]}
        signed = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.post(path, json=body, headers=signed)


@pytest.fixture(params=["in process", "over HTTP"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    journal = Journal(keep=50)
    office = TokenOffice(client_id="my client", client_secret=SECRET, clock=lambda: made.now)
    app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)), journal=journal, oauth2=office)
    made: Any = Place(http=httpx2.AsyncClient(), office=office, journal=journal)
    if request.param == "in process":
        async with httpx2.AsyncClient(transport=SandboxTransport(app), base_url="http://sandbox") as made.http:
            yield made
    else:
        async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as made.http:
            yield made


async def test_a_token_opens_every_other_path(place: Place) -> None:
    answer = await place.ask(IN_BODY)
    assert answer.status_code == 200
    reply = answer.json()
    assert (reply["token_type"], reply["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    said = await place.chat(token=reply["access_token"])
    assert said.json()["choices"][0]["message"]["content"] == "hi"
    assert (await place.http.get("/v1/models", headers={"authorization": f"bearer {reply['access_token']}"})).is_success


async def test_without_a_live_token_every_other_path_is_closed(place: Place) -> None:
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens", "/nonsense"):
        bare = await place.chat(path=path)
        assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer realm="sandbox"')
        wrong = await place.chat(path=path, token="guess")
        assert (wrong.status_code, wrong.headers["www-authenticate"]) == (
            401,
            'Bearer realm="sandbox", error="invalid_token"',
        )


async def test_a_token_ends_and_can_be_revoked(place: Place) -> None:
    token = await place.token()
    place.now = 3599.9
    assert (await place.chat(token=token)).status_code == 200
    place.now = 3600.0
    assert (await place.chat(token=token)).status_code == 401
    token = await place.token()
    place.office.revoke_all()
    assert (await place.chat(token=token)).status_code == 401


@pytest.mark.parametrize(("way", "other"), [("basic", "body"), ("body", "basic")])
async def test_the_client_may_have_to_identify_itself_in_one_way(place: Place, way: Any, other: str) -> None:
    sent = {"basic": await place.ask(GRANT, basic=BASIC), "body": await place.ask(IN_BODY)}
    assert {answer.status_code for answer in sent.values()} == {200}
    place.office.client_auth = way
    sent = {"basic": await place.ask(GRANT, basic=BASIC), "body": await place.ask(IN_BODY)}
    assert (sent[way].status_code, sent[other].status_code) == (200, 401)


@pytest.mark.parametrize(
    ("form", "basic", "status", "code"),
    [
        ({**IN_BODY, "client_secret": "guess"}, "", 401, "invalid_client"),
        ({**IN_BODY, "client_id": "guess"}, "", 401, "invalid_client"),
        (GRANT, "", 401, "invalid_client"),
        (GRANT, "***", 401, "invalid_client"),
        (GRANT, base64.b64encode(f"my client:{SECRET}".encode()).decode(), 401, "invalid_client"),
        ({**IN_BODY, "grant_type": "password"}, "", 400, "unsupported_grant_type"),
        ({**IN_BODY, "scope": "other"}, "", 400, "invalid_scope"),
        ({**IN_BODY, "audience": "other"}, "", 400, "invalid_target"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_name(
    place: Place, form: dict[str, str], basic: str, status: int, code: str
) -> None:
    answer = await place.ask(form, basic=basic)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert place.journal.newest.outcome == "refused"


async def test_scope_and_audience_must_be_asked_for_where_they_are_set(place: Place) -> None:
    place.office.scope, place.office.audience = "llm", "models"
    assert (await place.ask(IN_BODY)).json()["error"] == "invalid_scope"
    assert (await place.ask({**IN_BODY, "scope": "llm"})).json()["error"] == "invalid_target"
    assert (await place.ask({**IN_BODY, "scope": "llm", "audience": "models"})).status_code == 200


async def test_other_bodies_and_methods_are_refused(place: Place) -> None:
    assert (await place.http.post(TOKEN_PATH, json=IN_BODY)).json()["error"] == "invalid_request"
    assert (await place.http.get(TOKEN_PATH)).status_code == 405


@pytest.mark.parametrize("said", [None, 0, -1, "3600", 30])
async def test_it_says_of_a_lifetime_what_a_test_wants(place: Place, said: Any) -> None:
    place.office.expires_in = said
    reply = (await place.ask(IN_BODY)).json()
    assert reply.get("expires_in", None) == said
    assert ("expires_in" in reply) is (said is not None)


async def test_the_journal_holds_neither_secret_nor_token(place: Place) -> None:
    token = await place.token()
    await place.ask(GRANT, basic=BASIC)
    await place.chat(token=token)
    told = str(list(place.journal)) + repr(place.office)
    assert [secret for secret in (SECRET, BASIC, token) if secret in told] == []


async def test_without_an_office_there_is_no_such_path() -> None:
    async with httpx2.AsyncClient(transport=SandboxTransport(SandboxApp()), base_url="http://sandbox") as http:
        assert (await http.post(TOKEN_PATH, data=IN_BODY, headers={"authorization": "Bearer x"})).status_code == 404
