"""At the door: an account's limits are asked, and what they say is told in the words and headers of the wire."""

from __future__ import annotations

from agents.sandbox.journal import Entry
from agents.sandbox.limits import AccountLimits, Demand, Halt, Refusal, rate_headers, whole_seconds
from agents.sandbox.request import SandboxRequest
from agents.sandbox.served import find_model
from agents.sandbox.wire.base import Wire, WireError


def admit(limits: AccountLimits, *, wire: Wire, request: SandboxRequest, account: str, now: float) -> dict[str, str]:
    """The headers that tell the levels; `now` is Unix time in seconds. Raises the wire's error for a request that is
    held back."""
    demand = Demand(input_tokens=request.input_tokens, cached_tokens=request.cached.read, cap=request.cap)
    admission = limits.admit(account=account, model=request.model, demand=demand)
    headers = rate_headers(admission.levels, vendor=wire.vendor, now=now)
    if admission.refusal is not None:
        error = _error(admission.refusal, wire=wire)
        error.headers |= headers
        raise error
    return headers


def count_failed(limits: AccountLimits, *, wire: Wire, entry: Entry, now: float) -> dict[str, str]:
    """The headers of the answer to a request that broke a rule; none where it names no model."""
    model = find_model(vendor=wire.vendor, model_id=str(entry.body.get("model")))
    if model is None:
        return {}
    return rate_headers(limits.failed(account=entry.account, model=model), vendor=wire.vendor, now=now)


def _error(refusal: Refusal | Halt, *, wire: Wire) -> WireError:
    if isinstance(refusal, Refusal):
        return wire.rate_limited(refusal)
    error = wire.fault(refusal.fault)
    if refusal.retry_after is not None:
        error.headers["retry-after"] = str(whole_seconds(refusal.retry_after))
    return error
