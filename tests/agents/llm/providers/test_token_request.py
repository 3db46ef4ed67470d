from __future__ import annotations

import base64
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from agents.llm.errors import EgressBlocked
from agents.llm.providers.token_request import (
    ASSUMED_LIFETIME,
    BODY_LIMIT,
    LONGEST_LIFETIME,
    NoToken,
    Token,
    request_token,
)
from tests.agents.llm.providers.identity_provider import SECRET, IdentityProvider, identity_provider, plain_client
from tests.serving import free_port

GOOD = {"access_token": "canary-token", "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
async def idp() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as place:
        yield place


async def got(idp: IdentityProvider, **credentials: Any) -> Token:
    async with plain_client() as client:
        return await request_token(idp.credentials(**credentials), client=client)


async def refusal(idp: IdentityProvider, **credentials: Any) -> NoToken:
    with pytest.raises(NoToken) as caught:
        await got(idp, **credentials)
    said = f"{caught.value} {caught.value.detail} {caught.value!r}"
    for secret in (SECRET, "canary", "secret+with", "secret%2Bwith"):
        assert secret not in said
    return caught.value


class TestTheRequest:
    async def test_by_basic_form_encodes_both_before_it_codes_them(self, idp: IdentityProvider) -> None:
        idp.say(GOOD)
        token = await got(idp, scope="llm.invoke llm.read", audience="llm")
        assert (token.value, token.lifetime, token.stated) == ("canary-token", 3600.0, True)
        [(headers, form)] = idp.asked
        scheme, coded = headers["authorization"].split(" ")
        assert scheme == "Basic"
        assert base64.b64decode(coded).decode() == "token+project:canary%3Asecret%2Bwith%25signs"
        assert form == {"grant_type": "client_credentials", "scope": "llm.invoke llm.read", "audience": "llm"}
        assert headers["content-type"] == "application/x-www-form-urlencoded"

    async def test_by_body_sends_no_header(self, idp: IdentityProvider) -> None:
        idp.say(GOOD)
        await got(idp, client_auth="body")
        [(headers, form)] = idp.asked
        assert "authorization" not in headers
        assert form == {
            "grant_type": "client_credentials",
            "client_id": "token project",
            "client_secret": SECRET,
        }

    def test_neither_credentials_nor_token_show_their_secrets(self) -> None:
        credentials = IdentityProvider(url="https://idp.example").credentials()
        token = Token(value="canary-token", lifetime=1, stated=True)
        assert "canary" not in repr(credentials) + repr(token)


class TestTheLifetime:
    @pytest.mark.parametrize("said", [{}, {"expires_in": None}, *({"expires_in": n} for n in (0, -1, 0.0, "", "soon"))])
    async def test_that_is_not_usable_is_assumed(self, idp: IdentityProvider, said: dict[str, Any]) -> None:
        idp.say({"access_token": "t", "token_type": "bearer", **said})
        token = await got(idp)
        assert (token.lifetime, token.stated) == (ASSUMED_LIFETIME, False)

    @pytest.mark.parametrize("odd", [b'"NaN"', b'"inf"', b"true", b"[]", b"{}", b'"1e999"', b"-1e300"])
    async def test_that_is_no_number_of_seconds_is_assumed(self, idp: IdentityProvider, odd: bytes) -> None:
        idp.say(b'{"access_token": "t", "expires_in": ' + odd + b"}")
        assert (await got(idp)).lifetime == ASSUMED_LIFETIME

    @pytest.mark.parametrize(
        ("said", "seconds"), [(30, 30.0), ("3600", 3600.0), (59.5, 59.5), (10**12, LONGEST_LIFETIME)]
    )
    async def test_that_is_usable_is_used(self, idp: IdentityProvider, said: Any, seconds: float) -> None:
        idp.say({**GOOD, "expires_in": said})
        assert (await got(idp)).lifetime == seconds


class TestRefusals:
    """S34."""

    @pytest.mark.parametrize(
        ("status", "code", "said"),
        [
            ("401 Unauthorized", "invalid_client", "does not know the client id, or refuses its secret"),
            ("400 Bad Request", "invalid_client", "(invalid_client)"),
            ("400 Bad Request", "invalid_scope", "does not grant the scope"),
            ("400 Bad Request", "unauthorized_client", "may not ask for tokens"),
            ("400 Bad Request", "invalid_target", "does not know the audience"),
            ("400 Bad Request", "unsupported_grant_type", "does not offer client credentials"),
            ("200 OK", "invalid_client", "refuses its secret"),
            ("403 Forbidden", "made_up", "it refused the request (HTTP 403)"),
        ],
    )
    async def test_are_told_in_words_and_are_final(
        self, idp: IdentityProvider, status: str, code: str, said: str
    ) -> None:
        idp.say({"error": code, "error_description": f"client secret {SECRET} is wrong"}, status=status)
        failure = await refusal(idp)
        assert said in str(failure)
        assert not failure.retryable
        assert "client secret [secret] is wrong" in failure.detail
        assert len(idp.asked) == 1

    @pytest.mark.parametrize("status", ["500 X", "502 X", "503 X", "429 X", "408 X"])
    async def test_of_an_overloaded_server_may_pass(self, idp: IdentityProvider, status: str) -> None:
        idp.say(b"<h1>Oops</h1>", status=status)
        failure = await refusal(idp)
        assert failure.retryable
        assert f"HTTP {status[:3]}" in str(failure)

    @pytest.mark.parametrize("status", ["301 M", "302 F", "307 T", "308 P"])
    async def test_redirects_are_not_followed(self, idp: IdentityProvider, status: str) -> None:
        async with identity_provider() as elsewhere:
            elsewhere.say(GOOD)
            idp.say(b"", status=status, Location=elsewhere.url)
            assert "redirect" in str(await refusal(idp))
            assert elsewhere.asked == []

    @pytest.mark.parametrize(
        "body", [b"<html>Sign in</html>", b"", b"null", b'"token"', b"[1]", b'{"access', b"\xff\xfe"]
    )
    async def test_what_is_no_json_object_is_no_token(self, idp: IdentityProvider, body: bytes) -> None:
        idp.say(body)
        failure = await refusal(idp)
        assert "a page instead of a token" in str(failure)
        assert not failure.retryable

    @pytest.mark.parametrize("said", [{"a": 1}, {"access_token": ""}, {"access_token": None}, {"access_token": ["t"]}])
    async def test_without_a_token_are_told(self, idp: IdentityProvider, said: object) -> None:
        idp.say(said)
        assert "without an access token" in str(await refusal(idp))

    @pytest.mark.parametrize(
        "value", ["t\r\nx-evil: 1", "t\nx", "two words", "täken", "t\x00", "t\x7f", " t", "t" * 16385, "①"]
    )
    async def test_a_token_that_could_inject_a_header_is_not_taken(self, idp: IdentityProvider, value: str) -> None:
        idp.say({**GOOD, "access_token": value})
        assert "characters that no header may hold" in str(await refusal(idp))

    @pytest.mark.parametrize("kind", ["mac", "DPoP", 1, None])
    async def test_a_token_of_another_kind_is_not_taken(self, idp: IdentityProvider, kind: object) -> None:
        idp.say({**GOOD, "token_type": kind})
        assert "no Bearer token" in str(await refusal(idp))

    async def test_a_huge_body_is_not_read_to_its_end(self, idp: IdentityProvider) -> None:
        idp.say(b'{"access_token": "' + b"t" * (20 * BODY_LIMIT) + b'"}')
        assert "more than 64 KiB" in str(await refusal(idp))

    async def test_a_bomb_is_not_unpacked(self, idp: IdentityProvider) -> None:
        idp.say(gzip.compress(b" " * (50 * BODY_LIMIT)), Content_Encoding="gzip")
        assert "more than 64 KiB" in str(await refusal(idp))

    async def test_who_stays_silent_is_given_up(self, idp: IdentityProvider) -> None:
        idp.silent = True
        async with plain_client() as client:
            with pytest.raises(NoToken, match=r"did not answer within 0\.1 seconds") as caught:
                await request_token(idp.credentials(), client=client, seconds=0.1)
        assert caught.value.retryable

    async def test_where_nothing_listens_is_told(self) -> None:
        failure = await refusal(IdentityProvider(url=f"http://127.0.0.1:{free_port()}/token"))
        assert "cannot be reached" in str(failure)
        assert failure.retryable

    async def test_no_token_endpoint_is_told(self, idp: IdentityProvider) -> None:
        idp.say(b"not found", status="404 Not Found")
        assert "no token endpoint at the token URL" in str(await refusal(idp))

    async def test_a_guard_of_ours_is_no_fault_of_the_identity_provider(self, idp: IdentityProvider) -> None:
        class Guard(httpx2.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                raise EgressBlocked("no")

        async with httpx2.AsyncClient(transport=Guard()) as client:
            with pytest.raises(EgressBlocked):
                await request_token(idp.credentials(), client=client)
