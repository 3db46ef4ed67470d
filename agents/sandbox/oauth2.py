"""The sandbox's identity provider: `POST /oauth2/token`, for a gateway that wants OAuth2 client credentials (RFC 6749).

Handed to a `SandboxApp`, it makes every other path want a token of its own (RFC 6750).
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote_plus

import orjson

from agents.sandbox.response import SandboxResponse, whole_response
from agents.sandbox.visit import Visit

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
_UNSAID = object()
_Refusal = tuple[int, str, str]


@dataclass(kw_only=True)
class TokenOffice:
    """Gives tokens and knows which of them live.

    `client_auth` is how clients must identify themselves, "any" either way; `scope` and `audience` are what they must
    ask for, "" being none. `lifetime` of a token is in seconds of `clock`; `expires_in` is what replies say of it: None
    leaves it out, and anything else that JSON holds is said as it is. `asked` counts the requests.
    """

    client_id: str
    client_secret: str = field(repr=False)
    client_auth: Literal["basic", "body", "any"] = "any"
    scope: str = ""
    audience: str = ""
    lifetime: float = 3600.0
    expires_in: Any = _UNSAID
    clock: Callable[[], float] = time.monotonic
    asked: int = 0
    _ends: dict[str, float] = field(default_factory=dict, repr=False)

    def answer(self, visit: Visit) -> SandboxResponse:
        """The reply to a request for a token."""
        self.asked += 1
        form = {name: values[-1] for name, values in parse_qs(visit.body.decode(errors="replace")).items()}
        refusal = self._refusal(visit.headers, form) if visit.method == "POST" else (405, "invalid_request", "")
        visit.entry.end("refused" if refusal else "complete")
        if refusal is None:
            return _reply(self._issued(), status=200, visit=visit)
        status, code, description = refusal
        return _reply({"error": code, "error_description": description}, status=status, visit=visit)

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears a token that lives."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token, 0.0) > self.clock()

    def refusal(self, visit: Visit) -> SandboxResponse:
        """The 401 for a request without a live token."""
        visit.entry.end("refused")
        said = "" if "authorization" not in visit.headers else ', error="invalid_token"'
        body = {"error": {"type": "authentication_error", "message": "The access token is missing, wrong or expired."}}
        return _reply(body, status=401, visit=visit, **{"www-authenticate": f'Bearer realm="sandbox"{said}'})

    def revoke_all(self) -> None:
        self._ends.clear()

    def _issued(self) -> dict[str, Any]:
        token = secrets.token_urlsafe(24)
        self._ends[token] = self.clock() + self.lifetime
        reply = {"access_token": token, "token_type": "Bearer"}
        said = self.lifetime if self.expires_in is _UNSAID else self.expires_in
        return reply if said is None else {**reply, "expires_in": said}

    def _refusal(self, headers: Mapping[str, str], form: Mapping[str, str]) -> _Refusal | None:
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return 400, "invalid_request", "The body must be form-encoded."
        way, client = _client(headers, form)
        if self.client_auth not in ("any", way) or client != (self.client_id, self.client_secret):
            return 401, "invalid_client", "Client authentication failed."
        if form.get("grant_type") != "client_credentials":
            return 400, "unsupported_grant_type", "Only client_credentials is offered."
        if form.get("scope", "") != self.scope:
            return 400, "invalid_scope", "The scope is not granted to this client."
        if form.get("audience", "") != self.audience:
            return 400, "invalid_target", "The audience is not known."
        return None


def _client(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, tuple[str, str]]:
    """How the client identifies itself, and as whom with what secret. A header goes before the body."""
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if not scheme:
        return "body", (form.get("client_id", ""), form.get("client_secret", ""))
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "basic", ("", "")
    return "basic", (unquote_plus(name), unquote_plus(secret))


def _reply(data: Mapping[str, Any], *, status: int, visit: Visit, **headers: str) -> SandboxResponse:
    kept = {"cache-control": "no-store", **headers}
    return whole_response(orjson.dumps(data), status=status, headers=kept, entry=visit.entry)
