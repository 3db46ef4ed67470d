"""The error tree. Every failure of a model call is one of these, whatever vendor or network caused it.

    LLMError                      code, message, retryable, retry_after, scope
    ├── ContextImpossible         what must be sent does not fit the token limit; carries the sizes
    ├── ConfigInvalid             no key, unknown model, something in the request that the provider refuses
    │   └── ParameterRefused      the provider refuses one parameter that the request can do without
    ├── PoolBusy                  too many wait for the same rate limit; nothing was sent
    ├── EgressBlocked             the address leads to a place that this server may not call; nothing was sent
    ├── ProviderError             the provider, or the way to it, failed
    │   ├── ProviderAuth          401 / 403
    │   ├── GatewayTokenFailed    the identity provider gave no OAuth2 token, so nothing was sent to the gateway
    │   ├── ProviderRateLimited   429 with or without retry-after (scope: request, model or account)
    │   ├── ProviderSpendLimit    429 / 402 / 400 of a spend cap or an empty quota: no countdown, ask an admin
    │   ├── ProviderOverloaded    529 / 503 / 5xx
    │   ├── ProviderTimeout       no connection, no first byte, a stall, a total time-out
    │   ├── ProviderBadStream     a stream cut, malformed, or ended without a finish reason
    │   ├── ProviderRefused       a safety refusal without any content
    │   └── ContextOverflow       the provider says that the input is over the model's window
    └── ToolFailed                a tool raised; the loop turns it into a failed result for the model

An error carries what its caller must decide: may it be tried again (`retryable`, only before the first content),
after how long (`retry_after`, seconds), how far the failure reaches (`scope`), and what the provider said of its limits
along with it (`rates`). `message` is for the user and never
holds a raw provider body or a secret; `detail` is for the log.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from agents.llm.capabilities import Parameter
from agents.llm.rates import Rates

Scope = Literal["request", "model", "account"]


class LLMError(Exception):
    """Base of the tree. `code` is one of the stable error codes of the API."""

    code: ClassVar[str] = "internal"
    retryable: bool = False
    scope: Scope = "request"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        retryable: bool | None = None,
        retry_after: float | None = None,
        scope: Scope | None = None,
        status: int | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.retry_after = retry_after
        self.status = status
        self.params = params or {}
        self.rates: Rates | None = None
        if retryable is not None:
            self.retryable = retryable
        if scope is not None:
            self.scope = scope


class ContextImpossible(LLMError):
    """`params` holds the sizes in tokens: limit, instructions, tools, overhead, message."""

    code = "context_impossible"


class ConfigInvalid(LLMError):
    code = "config_invalid"
    scope: Scope = "model"


class PoolBusy(LLMError):
    code = "server_busy"
    retryable = True
    scope: Scope = "model"


class EgressBlocked(LLMError):
    code = "egress_blocked"
    scope: Scope = "account"


class ParameterRefused(ConfigInvalid):
    """`parameter` is what the provider does not take, under our own name for it."""

    def __init__(self, message: str, *, parameter: Parameter, **more: Any) -> None:
        super().__init__(message, **more)
        self.parameter = parameter


class ProviderError(LLMError):
    code = "internal"


class ProviderAuth(ProviderError):
    code = "provider_auth"
    scope: Scope = "account"


class GatewayTokenFailed(ProviderError):
    code = "gateway_token_failed"
    scope: Scope = "account"


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    retryable = True
    scope: Scope = "model"


class ProviderSpendLimit(ProviderError):
    code = "provider_spend_limit"
    scope: Scope = "account"


class ProviderOverloaded(ProviderError):
    code = "provider_overloaded"
    retryable = True
    scope: Scope = "model"


class ProviderTimeout(ProviderError):
    code = "provider_timeout"
    retryable = True


class ProviderBadStream(ProviderError):
    code = "provider_bad_stream"


class ProviderRefused(ProviderError):
    code = "provider_refused"


class ContextOverflow(ProviderError):
    code = "context_impossible"


class ToolFailed(LLMError):
    code = "tool_failed"
