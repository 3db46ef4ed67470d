"""Calls that are signed with a token of the sandbox's identity provider, through both vendors' SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from agents.llm.errors import GatewayTokenFailed, ProviderAuth
from agents.llm.events import CallFinished, TextDelta
from agents.llm.messages import user_text
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.providers.base import ChatModel, ModelRequest
from agents.llm.providers.credentials import ClientCredentialsAuth
from agents.llm.providers.openai_chat import OpenAIChat
from agents.llm.providers.token_request import ClientCredentials
from agents.llm.providers.token_store import TokenStore
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Journal
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.transport import SandboxTransport
from tests.agents.llm.providers.identity_provider import identity_provider, plain_client
from tests.agents.llm.providers.requests import ask, events_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.sandbox.stage import serving

SECRET = "canary:s+cret%"


@dataclass(kw_only=True)
class Gateway:
    model: ChatModel
    office: TokenOffice
    journal: Journal
    request: ModelRequest

    @property
    def statuses(self) -> list[int]:
        return [entry.status for entry in self.journal if entry.path != TOKEN_PATH]

    async def answer(self) -> str:
        return "".join(
            event.text for event in await events_of(self.model, self.request) if isinstance(event, TextDelta)
        )


@asynccontextmanager
async def gateway(kind: str, way: str, **credentials: Any) -> AsyncIterator[Gateway]:
    office = TokenOffice(client_id="token project", client_secret=SECRET, scope="llm", audience="models")
    journal = Journal(keep=1000)
    app = SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)), journal=journal, oauth2=office)
    async with _reached(app, way) as (url, client):
        values = {"client_id": "token project", "client_secret": SECRET, "scope": "llm", "audience": "models"}
        auth = ClientCredentialsAuth(
            credentials=ClientCredentials(token_url=url + TOKEN_PATH, **{**values, **credentials}),
            store=TokenStore(),
            client=client,
            provider="Gate",
        )
        http = client()
        http.auth = auth
        async with http:
            model_id = "sandbox-claude" if kind == "anthropic" else "sandbox-gpt"
            yield Gateway(
                model=_adapter(kind, http=http, url=url),
                office=office,
                journal=journal,
                request=ask(model=model_id, messages=(user_text("echo ok"),)),
            )


@asynccontextmanager
async def _reached(app: SandboxApp, way: str) -> AsyncIterator[tuple[str, Callable[[], httpx2.AsyncClient]]]:
    if way == "in process":
        yield "http://sandbox", lambda: httpx2.AsyncClient(transport=SandboxTransport(app), timeout=5.0)
        return
    async with serving(app) as url:
        yield url, lambda: httpx2.AsyncClient(timeout=5.0, trust_env=False)


def _adapter(kind: str, *, http: httpx2.AsyncClient, url: str) -> ChatModel:
    if kind == "anthropic":
        return AnthropicMessages(http_client=http, base_url=url, api_key="none", name="Gate")
    return OpenAIChat(http_client=http, base_url=f"{url}/v1", api_key="none", name="Gate")


@pytest.fixture(params=["anthropic", "openai"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("client_auth", ["basic", "body"])
async def test_calls_are_answered_and_share_one_token(kind: str, way: str, client_auth: str) -> None:
    async with gateway(kind, way, client_auth=client_auth) as gate:
        gate.office.client_auth = client_auth  # type: ignore[assignment]
        assert set(await asyncio.gather(*(gate.answer() for _ in range(5)))) == {"ok"}
        assert gate.office.asked == 1
        assert gate.statuses == [200] * 5


async def test_a_revoked_token_is_replaced_once_and_nobody_notices(kind: str, way: str) -> None:
    async with gateway(kind, way) as gate:
        await gate.answer()
        gate.office.revoke_all()
        assert set(await asyncio.gather(*(gate.answer() for _ in range(5)))) == {"ok"}
        assert gate.office.asked == 2
        assert gate.statuses.count(200) == 6
        assert gate.statuses.count(401) <= 5


async def test_a_second_401_is_an_error_and_not_a_loop(kind: str, way: str) -> None:
    async with gateway(kind, way) as gate:
        gate.office.lifetime, gate.office.expires_in = 0.0, 3600
        with pytest.raises(ProviderAuth):
            await gate.answer()
        assert gate.statuses == [401, 401]
        assert gate.office.asked == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"client_secret": "another"}, "it does not know the client id, or refuses its secret (invalid_client)"),
        ({"client_id": "another"}, "invalid_client"),
        ({"scope": "everything"}, "it does not grant the scope (invalid_scope)"),
        ({"audience": "all"}, "it does not know the audience (invalid_target)"),
    ],
)
async def test_what_the_identity_provider_refuses_is_told_to_the_user(
    kind: str, wrong: dict[str, str], said: str
) -> None:
    async with gateway(kind, "over HTTP", **wrong) as gate:
        with pytest.raises(GatewayTokenFailed) as caught:
            await gate.answer()
        assert gate.statuses == []
    error = caught.value
    assert error.code == "gateway_token_failed"
    assert said in error.message
    assert "Your message is kept; please ask an administrator" in error.message
    assert not error.retryable
    assert SECRET not in f"{error.message} {error.detail} {error.params}"


async def test_an_identity_provider_that_is_overloaded_may_be_asked_again_later(kind: str) -> None:
    async with identity_provider() as idp:
        idp.say(b"", status="503 X")
        auth = ClientCredentialsAuth(
            credentials=idp.credentials(),
            store=TokenStore(sleep=lambda seconds: asyncio.sleep(0)),
            client=plain_client,
            provider="Gate",
        )
        async with httpx2.AsyncClient(auth=auth, trust_env=False) as http:
            with pytest.raises(GatewayTokenFailed, match="please try again in a moment") as caught:
                await events_of(_adapter(kind, http=http, url="http://127.0.0.1:9"))
    assert caught.value.retryable


async def test_the_token_takes_the_place_of_every_other_key(kind: str) -> None:
    server = ScriptedServer()
    office = TokenOffice(client_id="c", client_secret="s")
    idp = SandboxApp(oauth2=office)
    async with server.running():
        auth = ClientCredentialsAuth(
            credentials=ClientCredentials(token_url="http://sandbox" + TOKEN_PATH, client_id="c", client_secret="s"),
            store=TokenStore(),
            client=lambda: httpx2.AsyncClient(transport=SandboxTransport(idp)),
            provider="Gate",
        )
        headers = {"x-api-key": "left-over", "api-key": "left-over", "x-team": "payments"}
        async with httpx2.AsyncClient(auth=auth, headers=headers, trust_env=False) as http:
            server.play_json({"error": {"message": "no"}}, status=400)
            with pytest.raises(Exception, match="refused"):
                await events_of(_adapter(kind, http=http, url=server.url))
    sent = server.received[0].headers
    assert sent["authorization"].startswith("Bearer ")
    assert sent["authorization"] not in ("Bearer none", "Bearer ")
    assert "left-over" not in str(sent)
    assert sent["x-team"] == "payments"


async def test_the_body_of_a_call_is_sent_whole_a_second_time(kind: str, way: str) -> None:
    async with gateway(kind, way) as gate:
        await gate.answer()
        gate.office.revoke_all()
        events = await events_of(gate.model, gate.request)
        assert isinstance(events[-1], CallFinished)
        first, again = [entry for entry in gate.journal if entry.path != TOKEN_PATH][-2:]
        assert (first.status, again.status) == (401, 200)
        assert again.body["model"] == gate.request.model


def test_a_client_that_is_not_asynchronous_sends_nothing_unsigned() -> None:
    auth = ClientCredentialsAuth(
        credentials=ClientCredentials(token_url="https://idp.example", client_id="c", client_secret="s"),
        store=TokenStore(),
        client=httpx2.AsyncClient,
        provider="Gate",
    )
    sent: list[httpx2.Request] = []

    def note(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200)

    with httpx2.Client(transport=httpx2.MockTransport(note), auth=auth) as http, pytest.raises(RuntimeError):
        http.get("https://gate.example")
    assert sent == []
