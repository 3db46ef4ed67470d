"""Who calls the API: a browser session with its CSRF token, or `Authorization: Bearer tp_…`. There is no other way in.

Where the header is present it alone decides: a session beside it is ignored, and a token anywhere else (query, other
headers, cookies) is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from accounts.models import ApiToken, User
from accounts.refusals import Forbidden, Unauthenticated
from accounts.tokens import authenticate_bearer

Scope = Literal["read", "write", "admin"]
_HOLDS: dict[str, tuple[str, ...]] = {
    "read": ("read",),
    "write": ("read", "write"),
    "admin": ("read", "write", "admin"),
}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who calls. A session (no token) may do whatever its user may."""

    user: User
    token: ApiToken | None = None

    @property
    def scope(self) -> Scope:
        return "admin" if self.token is None else cast(Scope, self.token.scope)

    def may(self, scope: Scope) -> bool:
        return scope in _HOLDS[self.scope]


class ApiRequest(HttpRequest):
    """A request that `SessionOrBearer` let through."""

    user: User
    auth: Identity


class SessionOrBearer(AuthBase):
    """The one authentication of the REST API."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    # Read by the Swagger page, which then sends the CSRF token with its requests.
    csrf = True

    def __call__(self, request: HttpRequest) -> Identity:
        identity = identify(request)
        request.user = identity.user
        return identity


def identify(request: HttpRequest) -> Identity:
    """Unauthenticated without a valid session or token, Forbidden for a session's write without its CSRF token."""
    header = request.headers.get("Authorization")
    if header is not None:
        return _of_header(header)
    if not isinstance(request.user, User):
        raise Unauthenticated("Please sign in, or send an API token as `Authorization: Bearer tp_…`.")
    if check_csrf(request) is not None:
        raise Forbidden("The request carries no valid CSRF token. Nothing was changed; reload the page and try again.")
    return Identity(user=request.user)


def require_scope(request: ApiRequest, scope: Scope) -> None:
    """Forbidden if the caller's token does not hold `scope`.

    Called after the row was looked up among the caller's own, so that another person's row stays a 404.
    """
    if not request.auth.may(scope):
        raise Forbidden(
            f"This API token has the scope {request.auth.scope!r}; this call needs {scope!r}. Nothing was changed.",
            params={"scope": scope},
        )


def _of_header(header: str) -> Identity:
    scheme, _, raw = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("Only `Authorization: Bearer tp_…` is understood.")
    user, token = authenticate_bearer(raw.strip())
    return Identity(user=user, token=token)
