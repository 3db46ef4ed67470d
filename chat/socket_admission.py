"""Who may open a socket: a browser by its session and an exact Origin, a program by its Bearer token and no Origin.

A browser sends its cookies with any page's socket, so the Origin decides for it; a program has no Origin, and one that
sends both is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.auth import get_user
from django.conf import settings

from accounts.live_credentials import Credential, of_session, of_token
from accounts.models import User
from accounts.refusals import Unauthenticated
from accounts.tokens import authenticate_bearer
from agents.threads import in_thread


class BadOrigin(Exception):
    """Answer the handshake with HTTP 403."""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    user: User
    credential: Credential
    may_write: bool


async def admit(scope: Any) -> Admitted | None:
    """Who opens this socket; None if they are not signed in. BadOrigin if the handshake itself is refused."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin, authorization = headers.get(b"origin"), headers.get(b"authorization")
    if authorization is not None:
        if origin is not None:
            raise BadOrigin("a Bearer token with an Origin")
        return await _of_bearer(authorization)
    if not _is_ours(origin, scope, headers.get(b"host", "")):
        raise BadOrigin(f"the origin {origin!r}")
    return await _of_session(scope)


def _is_ours(origin: str | None, scope: Mapping[str, Any], host: str) -> bool:
    """One of ALLOWED_ORIGINS; where none is configured, the very address that the socket was opened on."""
    if settings.ALLOWED_ORIGINS:
        return origin in settings.ALLOWED_ORIGINS
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return bool(host) and origin == f"{scheme}://{host}" and _host_is_ours(host)


def _host_is_ours(host: str) -> bool:
    """A name that an attacker points at us would make his page's origin equal to the host."""
    from django.http.request import split_domain_port, validate_host

    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


async def _of_bearer(header: str) -> Admitted | None:
    scheme, _, raw = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        user, token = await in_thread(authenticate_bearer)(raw.strip())
    except Unauthenticated:
        return None
    return Admitted(user=user, credential=of_token(token), may_write=token.scope != "read")


async def _of_session(scope: Any) -> Admitted | None:
    user = await get_user(scope)
    if not isinstance(user, User) or not user.is_active:
        return None
    return Admitted(user=user, credential=of_session(user, scope["session"]), may_write=True)
