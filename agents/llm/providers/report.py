"""What a provider said about a failed call, and what it means.

One table serves all wires, since gateways pass the wording and the codes of one vendor on over the protocol of another.
Codes decide before statuses, statuses before wording; 429 is never a context overflow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.llm.capabilities import Parameter
from agents.llm.providers.parameter_names import refused_parameter

_SPEND_CODES = {
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "contract_spend_limit_reached",
    "enforced_spend_limit_reached",
    "insufficient_quota",
    "linked_organization_spend_limit_reached",
}
_OVERFLOW_CODES = {"context_length_exceeded", "request_too_large"}
_REFUSAL_CODES = {"content_filter", "content_policy_violation"}
_STATUS_OF_CODE = {
    "api_error": 500,
    "authentication_error": 401,
    "conflict_error": 409,
    "internal_server_error": 500,
    "invalid_api_key": 401,
    "invalid_request_error": 400,
    "model_not_found": 404,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "ramp_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "requests": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "slow_down": 429,
    "timeout_error": 504,
    "tokens": 429,
}
_SPEND_WORDING = re.compile(r"reached your specified api usage limits|credit balance is too low", re.IGNORECASE)
_OVERFLOW_WORDING = re.compile(
    r"prompt is too long|input is too long|exceeds? context limit|maximum context length|context ?window"
    r"|available context size|input tokens exceed the configured limit|exceeds the maximum number of tokens",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """`status` is the HTTP status of the answer: 200 or None when the failure came as an event inside a stream.

    `retry_after` is in seconds. `text` is the provider's own message, and may quote what we sent.
    """

    status: int | None
    type: str = ""
    code: str = ""
    param: str = ""
    text: str = ""
    retry_after: float | None = None

    @classmethod
    def read(cls, *, status: int | None, body: object, retry_after: float | None = None) -> Report:
        """Reads every known shape: `{"error": {...}}`, a flat object, `{"error": "text"}`, `{"detail": ...}`.

        A body that is no JSON (the page of a proxy) is not read at all.
        """
        fields = body.get("error", body) if isinstance(body, Mapping) else {}
        if isinstance(fields, str):
            fields = {"message": fields}
        if not isinstance(fields, Mapping):
            fields = {}
        return cls(
            status=status,
            type=str(fields.get("type") or ""),
            code=_code(fields),
            param=str(fields.get("param") or ""),
            text=str(fields.get("message") or fields.get("detail") or ""),
            retry_after=retry_after,
        )

    @property
    def effective_status(self) -> int | None:
        """The status that this failure has, or would have had before the stream began. None: no way to tell."""
        if self.status is not None and self.status >= 300:
            return self.status
        if re.fullmatch(r"[45]\d\d", self.code):
            return int(self.code)
        return _STATUS_OF_CODE.get(self.code) or _STATUS_OF_CODE.get(self.type)

    @property
    def is_spend_limit(self) -> bool:
        by_wording = self.effective_status in (400, 403, 429) and _SPEND_WORDING.search(self.text) is not None
        return self._has_code(_SPEND_CODES) or self.effective_status == 402 or by_wording

    @property
    def is_of_account(self) -> bool:
        """A spend limit that strikes every call. Words in the middle of a text may be a quotation of what we sent."""
        told = self._has_code(_SPEND_CODES) or self.effective_status == 402
        return told or re.match(r"(your|you have) ", self.text, re.IGNORECASE) is not None

    @property
    def is_overflow(self) -> bool:
        if self.effective_status == 429:
            return False
        by_wording = self.effective_status in (None, 400, 422, 500) and _OVERFLOW_WORDING.search(self.text) is not None
        return self._has_code(_OVERFLOW_CODES) or self.effective_status == 413 or by_wording

    @property
    def is_refusal(self) -> bool:
        return self._has_code(_REFUSAL_CODES)

    @property
    def refused_parameter(self) -> Parameter | None:
        """What the request could be tried without."""
        if self.effective_status not in (None, 400, 422):
            return None
        return refused_parameter(param=self.param, code=self.code, text=self.text)

    @property
    def is_never_admitted(self) -> bool:
        """A 429 that no waiting cures: this one request alone is over the limit."""
        return self.effective_status == 429 and self.text.lower().startswith("request too large")

    def _has_code(self, codes: set[str]) -> bool:
        return self.code in codes or self.type in codes


def _code(fields: Mapping[str, object]) -> str:
    details = fields.get("details")
    return str(fields.get("code") or (details.get("error_code") if isinstance(details, Mapping) else None) or "")
