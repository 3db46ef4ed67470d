"""How much the sandbox thinks before it answers, and what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

from agents.sandbox.accounting import count_tokens, first_tokens
from agents.sandbox.models import Effort
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Think
from agents.sandbox.script.words import Words

EFFORT_SHARES: Mapping[Effort, float] = {
    "none": 0.0,
    "minimal": 1 / 16,
    "low": 1 / 8,
    "medium": 1 / 2,
    "high": 1.0,
    "xhigh": 1.5,
    "max": 2.0,
}
"""What a model thinks at an effort, as a share of what it thinks at "high"."""

_SENTENCES = (
    " The sandbox was asked something, and it pretends to think about it.",
    " It has no thoughts, but these words are counted as a model's would be.",
    " They come before the answer, and they count against the cap of the reply.",
    " At a lower effort there are fewer of them.",
)
"""A blank belongs to the word after it, or the sum of their tokens would be off."""


def thought_of(request: SandboxRequest, *, words: Words) -> Think | None:
    """The thought before the answer; None where the model does not think. It is at most a little longer than the reply
    may be, so that a cap is met and no more."""
    wanted = round((words.think or request.model.idle_thought) * EFFORT_SHARES[request.effort])
    wanted = min(wanted, request.most_thought or wanted, request.max_tokens + 100)
    return Think(text=thought_text(tokens=wanted, factor=request.model.token_factor)) if wanted > 0 else None


def thought_text(*, tokens: int, factor: float) -> str:
    """As near to `tokens` tokens as whole tokens of o200k_base come; at least one."""
    left = max(1, round(tokens / factor))
    text: list[str] = []
    for sentence in cycle(_SENTENCES):
        cost = count_tokens(sentence)
        if cost >= left:
            return "".join((*text, first_tokens(sentence, left)))
        text.append(sentence)
        left -= cost
    raise AssertionError("a cycle has no end")
