"""A failed call -> `agents.llm.errors`, in words for the user: what happened, what was kept, what to do."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from agents.llm.errors import (
    ConfigInvalid,
    ContextOverflow,
    LLMError,
    ParameterRefused,
    ProviderAuth,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderSpendLimit,
    ProviderTimeout,
)
from agents.llm.providers import wording
from agents.llm.providers.report import Report

QUOTE_LIMIT = 300
"""Characters of a provider's own words that a log line may hold."""

SECRET_LENGTH = 8
"""Characters from which on a key is looked for in what is quoted; shorter ones are placeholders like "none"."""

_KEY_LIKE = re.compile(r"\b(?:sk|pk|tp|gsk|xai|key)[-_][\w*.-]{4,}|\bBearer\s+\S+", re.IGNORECASE)

_OF_STATUS: dict[int, tuple[type[LLMError], str]] = {
    401: (ProviderAuth, wording.AUTH),
    403: (ProviderAuth, wording.AUTH),
    404: (ConfigInvalid, wording.UNKNOWN_MODEL),
    408: (ProviderTimeout, wording.LATE),
    409: (ProviderOverloaded, wording.OVERLOADED),
    429: (ProviderRateLimited, wording.SLOW_DOWN),
}


@dataclass(frozen=True, kw_only=True)
class FailedCall:
    """The call that failed. `provider` is the name to show; `secret` is cut out of every quotation.

    `answered`: a response had begun; `content_seen`: some of it was handed on already.
    """

    provider: str
    model: str
    secret: str = ""
    answered: bool = False
    content_seen: bool = False

    def quote(self, text: str) -> str:
        """`text` for the log: on one line, short, without anything that looks like a key."""
        shown = text.replace(self.secret, "[secret]") if len(self.secret) >= SECRET_LENGTH else text
        printable = "".join(char if char.isprintable() else " " for char in shown[: 10 * QUOTE_LIMIT])
        return _KEY_LIKE.sub("[secret]", " ".join(printable.split()))[:QUOTE_LIMIT]

    def error(self, kind: type[LLMError], template: str, *, detail: str, **more: Any) -> LLMError:
        kept = wording.KEPT_ANSWER if self.content_seen else wording.KEPT_MESSAGE
        message = template.format(provider=self.provider, model=self.model, kept=kept)
        return kind(message, detail=detail, params={"provider": self.provider, "model": self.model}, **more)


def error_from_report(report: Report, *, call: FailedCall) -> LLMError:
    kind, template, more = _verdict(report)
    said = call.quote(" ".join(filter(None, (report.type, report.code, report.text and f"“{report.text}”"))))
    detail = f"HTTP {report.status}: {said or 'no readable error body'}"
    return call.error(
        kind, template, detail=detail, status=report.effective_status, retry_after=report.retry_after, **more
    )


def _verdict(report: Report) -> tuple[type[LLMError], str, dict[str, Any]]:
    if report.is_spend_limit:
        return ProviderSpendLimit, wording.SPEND_LIMIT, {} if report.is_of_account else {"scope": "request"}
    if report.is_never_admitted:
        return ProviderRateLimited, wording.NEVER_ADMITTED, {"retryable": False, "scope": "request"}
    if report.is_overflow:
        return ContextOverflow, wording.OVERFLOW, {}
    if report.is_refusal:
        return ProviderRefused, wording.REFUSED, {}
    if report.refused_parameter is not None:
        return ParameterRefused, wording.REFUSED_SETTING, {"parameter": report.refused_parameter}
    return (*_by_status(report.effective_status), {})


def _by_status(status: int | None) -> tuple[type[LLMError], str]:
    if status is None:
        return ProviderBadStream, wording.FAILED_INSIDE
    if status >= 500:
        return ProviderOverloaded, wording.OVERLOADED
    if status < 400:
        return ConfigInvalid, wording.REDIRECT
    return _OF_STATUS.get(status, (ConfigInvalid, wording.REFUSED_SETTING))


def error_from_exception(error: BaseException, *, call: FailedCall) -> LLMError:
    """What the network or the reading of a stream raised. An `LLMError` of a transport or a hook stays what it is."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, LLMError):
            return cause
    detail = " <- ".join(f"{type(cause).__name__}: {call.quote(str(cause))}" for cause in chain)
    kind, template, retryable = _network_verdict(chain, call)
    return call.error(kind, template, detail=detail, retryable=retryable)


def _network_verdict(chain: list[BaseException], call: FailedCall) -> tuple[type[LLMError], str, bool]:
    if _has(chain, httpx2.TimeoutException, TimeoutError):
        return ProviderTimeout, wording.LATE, True
    if _has(chain, httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError):
        return ConfigInvalid, wording.BAD_ADDRESS, False
    if _has(chain, httpx2.HTTPError):
        if call.answered:
            # A cut before any content left nothing behind that a second try would repeat.
            return ProviderBadStream, wording.CUT, not call.content_seen
        return ProviderTimeout, wording.UNREACHABLE, not _has(chain, ssl.SSLError)
    return ProviderBadStream, wording.UNREADABLE, False


def _has(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in chain)


def _causes(error: BaseException) -> Iterator[BaseException]:
    # Not __context__: that may be an older failure which our caller is just handling.
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
