"""A reply that was cut goes on: the same request, with what was said so far and a word to go on."""

from __future__ import annotations

import uuid
from dataclasses import replace

from agents.llm.messages import Message, TextPart, user_text
from agents.llm.providers.base import ModelRequest

_GO_ON = (
    "[Your reply was cut off by a technical limit. Go on exactly where it stops, in the middle of a word if need be. "
    "Repeat nothing, and say nothing about this note.]"
)
_GO_ON_TOKENS = 50
"""More than the note takes in any vocabulary."""


def room_for(tokens: int) -> int:
    """Input tokens that it takes to go on after a reply of so many."""
    return tokens + _GO_ON_TOKENS


def continued(request: ModelRequest, *, said: str, tokens: int, most: int) -> ModelRequest:
    """`request` as another call that goes on after `said`, of `tokens` tokens, with at most `most` more."""
    ending = (Message(role="assistant", parts=(TextPart(text=said),)), user_text(_GO_ON))
    counts = replace(request.counts, messages=(*request.counts.messages, tokens, _GO_ON_TOKENS))
    return replace(
        request,
        call_id=str(uuid.uuid4()),
        messages=(*request.messages, *ending),
        counts=counts,
        max_output_tokens=most,
        refit=None,
        goes_on=True,
    )
