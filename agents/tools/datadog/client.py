"""One request to Datadog: in a thread, behind the egress guard, and again when its rate limit is free again.

Answers are read as plain JSON: what the client would make of them costs more than the request.
"""

from __future__ import annotations

import asyncio
import json
import math
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import urllib3

from agents.concealment import concealing
from agents.egress.blocking import GuardedPool
from agents.egress.guard import Egress, egress
from agents.egress.transport import trust
from agents.llm.errors import EgressBlocked, ToolFailed
from agents.sandbox.company.app import Company
from agents.tools.datadog.accounts import Account
from agents.tools.datadog.near import CompanyPool

if TYPE_CHECKING:
    from datadog_api_client import ApiClient
    from datadog_api_client.exceptions import ApiException

MOST_WAITED = 30
"""Seconds that a tool waits for Datadog's rate limit before it says so instead."""

_CONNECT_AND_READ = (5.0, 20.0)
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="datadog")
"""Of their own: an account that does not answer must not keep the database waiting for a thread."""

Call = Callable[["ApiClient"], Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The JSON of the answer. `waited` says which rate limit was waited for and how long, "" if none was."""

    data: Any
    waited: str = ""


@dataclass(frozen=True, kw_only=True)
class Client:
    """`company` gives the sandbox company of this process."""

    company: Callable[[], Company]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    guard: Callable[[], Egress] = field(default=egress)
    trusted: Callable[[], ssl.SSLContext] = field(default=cache(trust))

    async def ask(self, account: Account, call: Call) -> Reply:
        """What `call` brings back from `account`. ToolFailed, with a text for the model, for whatever goes wrong."""
        waited, shown = 0, ""
        while True:
            outcome = await asyncio.get_running_loop().run_in_executor(_THREADS, self._try, account, call)
            if not isinstance(outcome, _Limited):
                return Reply(data=outcome, waited=shown)
            if waited + outcome.seconds > MOST_WAITED:
                raise ToolFailed(
                    f"Datadog's rate limit {outcome.told} of the account {account.name} is used up for "
                    f"{outcome.seconds} more seconds. Go on with what you have, or ask again then"
                )
            await self.sleep(outcome.seconds)
            waited += outcome.seconds
            shown = f"{waited} s for Datadog's rate limit {outcome.told}"

    def _try(self, account: Account, call: Call) -> Any:
        from datadog_api_client.exceptions import ApiException, OpenApiException

        try:
            answer = call(self._connected(account))
            return json.loads(answer.data)
        except ApiException as error:
            if error.status == 429:
                return _limited(error)
            raise _failure(error, account) from None
        except OpenApiException as error:
            raise ToolFailed(f"Datadog's client does not take this: {error}") from None
        except EgressBlocked as error:
            raise ToolFailed(
                f"the address of the Datadog account {account.name} leads to a place that this server may not call, "
                "so nothing was sent; an admin can check it, or allow it with EGRESS_ALLOW_PRIVATE",
                detail=error.detail,
            ) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ToolFailed(
                f"the Datadog account {account.name} could not be reached ({type(error).__name__})", detail=str(error)
            ) from None

    def _connected(self, account: Account) -> ApiClient:
        from datadog_api_client import ApiClient, Configuration

        configuration = Configuration(
            host=account.address or "http://sandbox",
            api_key={"apiKeyAuth": account.api_key, "appKeyAuth": account.application_key},
            request_timeout=_CONNECT_AND_READ,
            preload_content=False,
        )
        client = ApiClient(configuration)
        client.rest_client.pool_manager = (
            _pool(self.guard(), self.trusted()) if account.address else CompanyPool(self.company())
        )
        return client


@lru_cache(maxsize=8)
def _pool(guard: Egress, verify: ssl.SSLContext, /) -> GuardedPool:
    """Its connections are kept for the next request; keys travel with each request, never with a connection."""
    return GuardedPool(egress=guard, verify=verify)


@dataclass(frozen=True, kw_only=True)
class _Limited:
    """Refused for so many `seconds`; `told` is the name of the limit and its numbers."""

    seconds: int
    told: str


def _limited(error: ApiException) -> _Limited:
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    try:
        seconds = math.ceil(float(headers["x-ratelimit-reset"]))
    except (KeyError, ValueError, OverflowError):
        seconds = 5
    name, limit, period = (headers.get(f"x-ratelimit-{key}", "?") for key in ("name", "limit", "period"))
    return _Limited(seconds=max(1, seconds), told=f"{name} ({limit} requests in {period} s)"[:120])


def _failure(error: ApiException, account: Account, /) -> ToolFailed:
    conceal = concealing(lambda: (account.api_key, account.application_key))
    said = conceal(_said(error))[:300]
    match error.status:
        case 401 | 403:
            text = (
                f"Datadog refuses the keys of the account {account.name}; an admin can correct them in admin ({said})"
            )
        case 400 | 422:
            text = f"Datadog does not understand this: {said}"
        case 404:
            text = f"Datadog has no such thing: {said}"
        case _:
            text = f"Datadog answered with the status {error.status} ({said})"
    return ToolFailed(text)


def _said(error: ApiException) -> str:
    """The errors that Datadog lists, as text."""
    errors = error.body.get("errors") if isinstance(error.body, dict) else None
    if not isinstance(errors, list) or not errors:
        return "without a reason that can be read"
    return "; ".join(str(one.get("detail") or one) if isinstance(one, dict) else str(one) for one in errors)
