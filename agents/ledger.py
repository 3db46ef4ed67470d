"""The ledger: one `ModelCall` row for each request to a provider, written before it is sent and closed when it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.db.models.functions import Now

from agents.governor.base import Ask, Reserved
from agents.llm.messages import Usage
from agents.models import LanguageModel, ModelCall
from agents.prepared import insert
from agents.threads import in_thread

_NOTHING = Reserved()

OpenCall = Callable[[ModelCall], Awaitable[None]]
"""Writes the row of a call; returns when it is committed."""


async def open_call(row: ModelCall) -> None:
    """The row alone, where nothing else belongs to it."""
    await in_thread(insert)([row])


def row_of(*, ask: Ask, model: LanguageModel, agent: str = "", reserved: Reserved = _NOTHING) -> ModelCall:
    """Its id is the request's `call_id`; the estimate counts as spent until the call is closed."""
    return ModelCall(
        id=ask.request.call_id,
        model=model,
        user_id=ask.user or None,
        purpose=ask.purpose,
        agent=agent,
        estimated_input_tokens=ask.request.counts.total,
        max_output_tokens=ask.request.max_output_tokens,
        reserved_input_tokens=reserved.input,
        reserved_output_tokens=reserved.output,
    )


def find_call(call_id: str | None) -> ModelCall | None:
    """The row of a call; None for one that was never sent."""
    return ModelCall.objects.filter(pk=call_id).first() if call_id else None


def give_up(call: ModelCall) -> None:
    """Close a call that nobody waits for any more. What it used is unknown, so the estimate stays what counts."""
    left_open = ModelCall.objects.filter(pk=call.pk, status=ModelCall.Status.RUNNING)
    left_open.update(status=ModelCall.Status.FAILED, error_code="worker_lost", ended_at=Now())


async def close_call(
    *,
    call_id: str,
    status: ModelCall.Status,
    usage: Usage | None,
    finish_reason: str = "",
    error_code: str = "",
    request_id: str = "",
    waited_ms: int = 0,
    first_byte_ms: int | None = None,
    retries: int = 0,
    rate_limited: int = 0,
    reserved: Reserved = _NOTHING,
) -> None:
    counted = usage.to_dict() if usage else {}
    await in_thread(ModelCall.objects.filter(pk=call_id).update)(
        status=status,
        finish_reason=finish_reason,
        error_code=error_code,
        request_id=request_id[:100],
        waited_ms=waited_ms,
        first_byte_ms=first_byte_ms,
        retries=retries,
        rate_limited=rate_limited,
        reserved_input_tokens=reserved.input,
        reserved_output_tokens=reserved.output,
        ended_at=Now(),
        **counted,
    )
