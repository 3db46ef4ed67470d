"""Answers that are no streams. Types and texts are those of both vendors: who reads them makes no difference."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from agents.llm.errors import (
    ConfigInvalid,
    ContextOverflow,
    LLMError,
    ParameterRefused,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.providers.base import ChatModel
from tests.agents.llm.providers.requests import failure_of
from tests.agents.llm.providers.scripted_server import ScriptedServer
from tests.agents.llm.providers.wires import KEY, Wire

INVALID = "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "kind", "code", "text", "expected"),
    [
        (400, INVALID, None, "prompt is too long: 212164 tokens > 199999 maximum", ContextOverflow),
        (400, INVALID, None, "input length and `max_tokens` exceed context limit: 199759 + 8192", ContextOverflow),
        (400, INVALID, "context_length_exceeded", "whatever", ContextOverflow),
        (400, INVALID, None, "This model's maximum context length is 128000 tokens.", ContextOverflow),
        (413, "request_too_large", None, "Request exceeds the maximum size", ContextOverflow),
        (400, INVALID, None, "temperature: Extra inputs are not permitted", ParameterRefused),
        (400, INVALID, None, "max_tokens is too large: 128000. This model supports at most 16384", ConfigInvalid),
        (422, INVALID, None, "no", ConfigInvalid),
        (400, INVALID, None, "You have reached your specified API usage limits.", ProviderSpendLimit),
        (400, INVALID, None, "Your credit balance is too low to go on", ProviderSpendLimit),
        (402, "billing_error", None, "pay", ProviderSpendLimit),
        (429, "rate_limit_error", "enforced_spend_limit_reached", "cap", ProviderSpendLimit),
        (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", ProviderSpendLimit),
        (429, "tokens", "rate_limit_exceeded", "Rate limit reached for m on TPM", ProviderRateLimited),
        (429, "rate_limit_error", "ramp_limit_exceeded", "too fast", ProviderRateLimited),
        (429, "requests", "slow_down", "too fast", ProviderRateLimited),
        (429, "rate_limit_error", None, "maximum context length is fine", ProviderRateLimited),
        (429, "tokens", "context_length_exceeded", "too much at once", ProviderRateLimited),
        (401, "authentication_error", None, "invalid x-api-key", ProviderAuth),
        (403, "permission_error", None, "no", ProviderAuth),
        (404, "not_found_error", None, "model: some-model", ConfigInvalid),
        (408, "timeout_error", None, "late", ProviderTimeout),
        (409, "conflict_error", None, "again", ProviderOverloaded),
        (500, "api_error", None, "oops", ProviderOverloaded),
        (503, "server_error", "server_is_overloaded", "busy", ProviderOverloaded),
        (529, "overloaded_error", None, "Overloaded", ProviderOverloaded),
    ],
)  # fmt: skip
async def test_each_answer_has_its_error(
    server: ScriptedServer,
    wire: Wire,
    model: ChatModel,
    status: int,
    kind: str,
    code: str | None,
    text: str,
    expected: type[LLMError],
) -> None:
    text = f"It said: {text}"
    server.play_json(wire.error_body(kind, text, code), status=status)
    _, error = await failure_of(model)
    assert type(error) is expected
    assert error.status == status
    assert error.retryable is expected.retryable
    assert text in error.detail
    assert text not in error.message
    assert error.params == {"provider": "Provider", "model": "some-model"}
    assert len(server.received) == 1, "the SDK must not try again by itself"


async def test_a_request_that_is_never_admitted(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    text = "Request too large for some-model: Limit 30000, Requested 30601."
    server.play_json(wire.error_body("tokens", text, "rate_limit_exceeded"), status=429)
    _, error = await failure_of(model)
    assert type(error) is ProviderRateLimited
    assert (error.retryable, error.scope) == (False, "request")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "23"}, 23.0),
        ({"retry-after": "19", "retry-after-ms": "18642"}, 18.642),
        ({"retry-after": "Sun, 22 Nov 2026 09:34:00 GMT"}, 40.0),
        ({"retry-after": "soon"}, None),
    ],
)
async def test_the_wait_that_is_asked_for(
    server: ScriptedServer, wire: Wire, model: ChatModel, headers: dict[str, str], seconds: float | None
) -> None:
    server.play_json(wire.error_body("rate_limit_error", "slow", None), status=429, headers=headers)
    _, error = await failure_of(model)
    assert error.retry_after == seconds


async def test_a_key_that_the_provider_echoes_is_cut_out(server: ScriptedServer, wire: Wire, model: ChatModel) -> None:
    text = f"Incorrect API key provided: {KEY}, not sk-other-9876. Bearer abc.def"
    server.play_json(wire.error_body("authentication_error", text, None), status=401)
    _, error = await failure_of(model)
    for secret in (KEY, "sk-other", "abc.def"):
        assert secret not in error.detail + error.message + str(error)
    assert "Incorrect API key" in error.detail


async def test_the_page_of_a_proxy_is_not_quoted(server: ScriptedServer, model: ChatModel) -> None:
    server.play(b"<html>internal host name</html>", status=502, headers={"content-type": "text/html"})
    _, error = await failure_of(model)
    assert type(error) is ProviderOverloaded
    assert "internal host name" not in error.detail + error.message


async def test_a_redirect_is_not_followed(server: ScriptedServer, model: ChatModel) -> None:
    server.play(status=307, headers={"location": "http://127.0.0.1:1/"})
    _, error = await failure_of(model)
    assert type(error) is ConfigInvalid
    assert len(server.received) == 1


async def test_silence_instead_of_an_answer(wire: Wire, impatient_client: httpx2.AsyncClient) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    _, error = await failure_of(wire.model(http_client=impatient_client, url=url))
    silent.close()
    assert type(error) is ProviderTimeout
    assert "did not answer in time" in error.message


async def test_nobody_listens(wire: Wire, http_client: httpx2.AsyncClient) -> None:
    _, error = await failure_of(wire.model(http_client=http_client, url="http://127.0.0.1:1"))
    assert type(error) is ProviderTimeout
    assert error.retryable
    assert "could not be reached" in error.message


async def test_an_address_that_is_none(wire: Wire, http_client: httpx2.AsyncClient) -> None:
    _, error = await failure_of(wire.model(http_client=http_client, url="gopher://example.org"))
    assert type(error) is ConfigInvalid


async def test_an_error_of_our_own_transport_stays_what_it_is(wire: Wire) -> None:
    refused = ConfigInvalid("this address is not allowed")

    class Guard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise refused

    async with httpx2.AsyncClient(transport=Guard()) as client:
        _, error = await failure_of(wire.model(http_client=client, url="http://example.org"))
    assert error is refused
    assert error.__cause__ is None


async def test_an_older_failure_that_is_being_handled_is_not_mistaken_for_this_one(
    server: ScriptedServer, wire: Wire, model: ChatModel
) -> None:
    server.play(wire.start(), wire.text("Hi"), accident="cut")
    try:
        raise ProviderAuth("an older one")
    except ProviderAuth:
        _, error = await failure_of(model)
    assert type(error) is ProviderBadStream
