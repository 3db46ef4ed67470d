"""A reply that was cut goes on: the same request, with what was said so far and a word to go on."""

from __future__ import annotations

import uuid
from dataclasses import replace

from agents.llm.errors import ContextImpossible
from agents.llm.messages import Message, TextPart, user_text
from agents.llm.providers.base import ModelRequest

_GO_ON = (
    "[Your reply was cut off by a technical limit. Go on exactly where it stops, in the middle of a word if need be. "
    "Repeat nothing, and say nothing about this note.]"
)
_GO_ON_TOKENS = 50
"""More than the note takes in any vocabulary."""


def continued(request: ModelRequest, *, said: str, tokens: int, most: int) -> ModelRequest | None:
    """`request` as another call that goes on after `said`, of `tokens` tokens, with at most `most` more. None where
    there is no room for what was said."""
    extra = tokens + _GO_ON_TOKENS
    ending = (Message(role="assistant", parts=(TextPart(text=said),)), user_text(_GO_ON))
    call_id = str(uuid.uuid4())

    def going_on(base: ModelRequest) -> ModelRequest:
        counts = replace(base.counts, messages=(*base.counts.messages, tokens, _GO_ON_TOKENS))
        return replace(
            base,
            call_id=call_id,
            messages=(*base.messages, *ending),
            counts=counts,
            max_output_tokens=most,
            refit=None if base.refit is None else refit,
        )

    def refit(max_input: int, cold: bool) -> ModelRequest:
        assert request.refit is not None, "or there would be none of this one"
        return going_on(request.refit(max_input - extra, cold))

    if not request.input_limit or request.counts.total + extra <= request.input_limit:
        return going_on(request)
    if request.refit is None:
        return None
    try:
        return refit(request.input_limit, False)
    except ContextImpossible:
        return None
