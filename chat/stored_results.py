"""Tool results as they are kept: the model is given an extract of a long one, or the summary that its tool made, and
the whole stays to be recalled.

A handle is made of the id of the answer that called the tool, so that it is known before any row is written, and so
that the row of a result that was never shortened can be found by it, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from agents.llm.limiter import TokenLimiter
from agents.llm.messages import Message, ToolResult
from agents.llm.tool_results import extract, summary_of
from agents.llm.tools import SummarisedResult
from agents.models import StoredResult
from agents.tools.handle_note import takes_handles, with_handle
from chat.models import Turn

_BITS = 36  # of the id; two answers of a conversation with 1,000 share them once in 100,000 conversations
_REST = 128 - _BITS

CAP_SHARE = 4
"""A result above the token limit divided by this is given to the model as an extract."""


def scope_of(conversation_id: uuid.UUID) -> str:
    return str(conversation_id)


def handle_of(answer_id: str, number: int) -> str:
    """Of the result of call `number` (from 1) in the answer: digits, which take the fewest tokens."""
    return f"{uuid.UUID(answer_id).int >> _REST}-{number}"


def answers_of(handle: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The least and the greatest id that the answer can have; None for what is no handle."""
    digits, dash, number = handle.partition("-")
    if not (dash and _is_number(digits) and _is_number(number)) or int(digits) >> _BITS:
        return None
    start = int(digits) << _REST
    return uuid.UUID(int=start), uuid.UUID(int=start + (1 << _REST) - 1)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """`result` is what the model is given, `tokens` what the whole has. `store` keeps the whole, None if that is it."""

    result: ToolResult
    tokens: int
    store: Callable[[], object] | None


def keep(result: ToolResult, *, answer: Message, turn: Turn, limiter: TokenLimiter, always: bool = False) -> Kept:
    """`answer` holds the call of `result`. `always`: the whole is stored even where the model is given all of it, since
    no message of the conversation holds it. Counts the whole text: for a thread."""
    number = next((n for n, call in enumerate(answer.tool_calls, start=1) if call.id == result.call_id), 0)
    handle = handle_of(answer.id, number)
    whole, given = _whole_and_given(result, handle)
    tokens = limiter.counter.text(whole)
    short = extract(given, max_tokens=limiter.token_limit // CAP_SHARE, counter=limiter.counter)
    if short.text == whole and takes_handles(limiter.tools) and result.ok:
        short = replace(short, text=with_handle(whole, handle))
    if short.text == whole and not always:
        return Kept(result=given, tokens=tokens, store=None)
    conversation = turn.conversation
    row = StoredResult(
        owner_id=conversation.owner_id,
        scope=scope_of(conversation.pk),
        handle=handle,
        tool=result.name[:200],
        text=whole,
        size=len(whole),
    )
    return Kept(result=short, tokens=tokens, store=lambda: row.save(force_insert=True))


def _whole_and_given(result: ToolResult, handle: str) -> tuple[str, ToolResult]:
    """All that the tool found, and what of it the model is to read."""
    if not isinstance(result, SummarisedResult):
        return result.text, replace(result, handle=handle)
    text = summary_of(result.text, handle)
    given = ToolResult(call_id=result.call_id, name=result.name, text=text, ok=result.ok, handle=handle)
    return result.whole, given


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
