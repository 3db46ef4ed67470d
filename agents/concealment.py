"""Cuts secrets out of what is said about a failed call: a gateway may repeat in its answer what it was sent.

Adapters cut out the key that they know. This is the net behind them, and the only one for tokens that come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.llm.errors import LLMError

Conceal = Callable[[str], str]

SHORTEST = 8
"""Characters of a secret; what is shorter is a placeholder such as "none", and stands in innocent words, too."""


def concealing(secrets: Callable[[], Iterable[str]]) -> Conceal:
    """A function that puts "[secret]" in the place of each of `secrets`, which are asked for anew each time."""

    def conceal(text: str) -> str:
        # The longest first: a secret may hold another.
        for secret in sorted(secrets(), key=len, reverse=True):
            if len(secret) >= SHORTEST:
                text = text.replace(secret, "[secret]")
        return text

    return conceal


def conceal_in(error: LLMError, *, conceal: Conceal) -> None:
    """Take the secrets out of `error`. A cause that says one is dropped."""
    error.message, error.detail = conceal(error.message), conceal(error.detail)
    error.args = (error.message,)
    cause: BaseException | None = error
    while cause is not None and cause.__cause__ is not None:
        if conceal(str(cause.__cause__)) != str(cause.__cause__):
            cause.__cause__ = None
        cause = cause.__cause__
