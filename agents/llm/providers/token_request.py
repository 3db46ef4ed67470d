"""One token of an identity provider: OAuth2 client credentials, RFC 6749 section 4.4."""

from __future__ import annotations

import asyncio
import base64
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus

import httpx2
import orjson

ClientAuth = Literal["basic", "body"]

CALL_SECONDS = 10.0
"""For one call as a whole, from the look-up of the name to the last byte."""

BODY_LIMIT = 64 * 1024
ASSUMED_LIFETIME = 300.0
"""Seconds of a token whose reply does not say how long it lives, or says nonsense; should it live shorter, the gateway
answers 401 and a new one is got. RFC 6749 section 5.1 only recommends to say."""

LONGEST_LIFETIME = 24 * 3600.0
_QUOTE_LIMIT = 300
_TOKEN = re.compile(r"[!-~]{1,16384}")  # what may stand in a header: no space, no line break

# The codes of RFC 6749 section 5.2 and RFC 8707, in words. Nothing else of a reply is repeated to users.
_MEANS = {
    "invalid_client": "it does not know the client id, or refuses its secret",
    "unauthorized_client": "this client may not ask for tokens in this way",
    "invalid_scope": "it does not grant the scope",
    "invalid_target": "it does not know the audience",
    "unsupported_grant_type": "it does not offer client credentials",
    "invalid_request": "it finds the request incomplete or wrong",
    "invalid_grant": "it refuses the credentials",
    "access_denied": "it denies access",
}


@dataclass(frozen=True, kw_only=True)
class ClientCredentials:
    """How we identify ourselves, and what the token is for. An empty `scope` or `audience` is not sent."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    audience: str = ""
    client_auth: ClientAuth = "basic"


@dataclass(frozen=True, kw_only=True)
class Token:
    """`lifetime` is in seconds from the reply on; `stated` says whether the reply told it."""

    value: str = field(repr=False)
    lifetime: float
    stated: bool


class NoToken(Exception):
    """`str()` of it says why, for an admin, without a secret; `detail` quotes the identity provider, for the log.

    `retryable`: the same request may succeed in a moment. What is wrong with the credentials does not go away.
    """

    def __init__(self, said: str, *, detail: str = "", retryable: bool = False) -> None:
        super().__init__(said)
        self.detail = detail
        self.retryable = retryable


async def request_token(
    credentials: ClientCredentials, *, client: httpx2.AsyncClient, seconds: float = CALL_SECONDS
) -> Token:
    """One call to the token URL. Raises NoToken; what the transport of `client` raises of ours passes through."""
    try:
        async with asyncio.timeout(seconds):
            status, body = await _post(credentials, client=client)
    except (TimeoutError, httpx2.TimeoutException):
        raise NoToken(f"it did not answer within {seconds:g} seconds", retryable=True) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise NoToken("its address or our request is not valid", detail=type(error).__name__) from None
    except httpx2.HTTPError as error:
        raise NoToken("it cannot be reached", detail=_quoted(str(error), credentials), retryable=True) from None
    return _token(status, body, credentials)


async def _post(credentials: ClientCredentials, *, client: httpx2.AsyncClient) -> tuple[int, bytes]:
    headers, form = _request(credentials)
    async with client.stream("POST", credentials.token_url, headers=headers, data=form, auth=None) as response:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > BODY_LIMIT:
                raise NoToken(f"it answered with more than {BODY_LIMIT // 1024} KiB, which is no token")
        return response.status_code, bytes(body)


def _request(credentials: ClientCredentials) -> tuple[dict[str, str], dict[str, str]]:
    form = {"grant_type": "client_credentials", "scope": credentials.scope, "audience": credentials.audience}
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    if credentials.client_auth == "basic":
        headers["authorization"] = f"Basic {_basic(credentials)}"
    else:
        form |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    return headers, {name: value for name, value in form.items() if value}


def _basic(credentials: ClientCredentials) -> str:
    # RFC 6749 section 2.3.1: both are form-encoded first, or a colon, a plus and a percent sign would be misread.
    pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret)}"
    return base64.b64encode(pair.encode()).decode()


def _token(status: int, body: bytes, credentials: ClientCredentials) -> Token:
    reply = _json_object(body)
    if not 200 <= status < 300 or "error" in reply:
        raise _refused(status, reply, credentials)
    if not reply:
        raise NoToken("it answered with a page instead of a token; check the token URL", detail=f"HTTP {status}")
    value, kind = reply.get("access_token"), reply.get("token_type", "Bearer")
    if not isinstance(value, str) or not value:
        raise NoToken("it answered without an access token", detail=f"HTTP {status}")
    if not _TOKEN.fullmatch(value):
        raise NoToken("it sent a token with characters that no header may hold")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise NoToken("it sent a token that is no Bearer token")
    lifetime = _lifetime(reply.get("expires_in"))
    return Token(value=value, lifetime=lifetime or ASSUMED_LIFETIME, stated=lifetime is not None)


def _lifetime(stated: object) -> float | None:
    """Seconds; None where nothing usable is said. Some servers say it as text, and 0 or -1 for "not told"."""
    try:
        seconds = float(stated) if isinstance(stated, int | float | str) and not isinstance(stated, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_LIFETIME) if math.isfinite(seconds) and seconds > 0 else None


def _refused(status: int, reply: Mapping[str, Any], credentials: ClientCredentials) -> NoToken:
    code = str(reply.get("error", ""))
    description = str(reply.get("error_description", ""))
    detail = _quoted(f"HTTP {status} {code} {description}", credentials)
    if status >= 500 or status in (408, 429):
        return NoToken(f"it is overloaded or has a fault (HTTP {status})", detail=detail, retryable=True)
    if code in _MEANS:
        return NoToken(f"{_MEANS[code]} ({code})", detail=detail)
    if 300 <= status < 400:
        return NoToken("it answered with a redirect, which is not followed; check the token URL", detail=detail)
    if status in (404, 405):
        return NoToken(f"there is no token endpoint at the token URL (HTTP {status})", detail=detail)
    return NoToken(f"it refused the request (HTTP {status})", detail=detail)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _quoted(text: str, credentials: ClientCredentials) -> str:
    """`text` on one line, short, without our secret in any form in which we sent it."""
    secret = credentials.client_secret
    for form in (_basic(credentials), quote_plus(secret), secret):
        text = text.replace(form, "[secret]")
    printable = "".join(char if char.isprintable() else " " for char in text[: 10 * _QUOTE_LIMIT])
    return " ".join(printable.split())[:_QUOTE_LIMIT]
