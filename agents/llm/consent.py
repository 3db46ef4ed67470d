"""What a person is asked before a tool changes something outside: a `ConsentRequest`, and the seam to ask it through.

Each call is asked for by itself: a consent holds for the one call that it was given to, and for no other.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agents.llm.clean_text import clean_text
from agents.llm.messages import ToolCall

MOST_CHARACTERS = 20_000
"""Of a request. A longer one is refused: nobody would read it, and a part of it is not what would be done."""

Decision = Literal["approved", "denied", "unanswered", "too_many"]


@dataclass(frozen=True, kw_only=True)
class ConsentRequest:
    """`title` says in a few words what would be done, `request` is all of it, exactly, in lines.

    `run`, if given, is what runs after a consent, in place of the tool's own: it can hold on to what was shown.
    """

    title: str
    request: str
    run: Callable[[], Awaitable[object]] | None = None


Ask = Callable[[ToolCall, ConsentRequest], Awaitable[Decision]]
"""Waits for a person, for as long as that takes; the time is no tool's."""

REFUSALS: Mapping[str, str] = {
    "denied": (
        "the user was asked to allow this and refused, so nothing was done. Do not ask for the same again: go on "
        "without it, and say in your answer what was left undone."
    ),
    "unanswered": (
        "the user was asked to allow this and nobody answered, so nothing was done. Go on without it, and say in your "
        "answer what is still to be allowed."
    ),
    "too_many": (
        "the user has too many other requests to decide on already, so this one was not shown, and nothing was done. "
        "Ask for such things one after another."
    ),
}
"""By decision: what the model is told, after "Error: "."""

NOBODY_TO_ASK = (
    "this changes something, so it needs the user's approval, which cannot be asked for here. Nothing was done; tell "
    "the user what you would do, and why."
)
TOO_LONG = (
    f"this needs the user's approval, and at {{length:,}} characters it is too long to be read and approved; at most "
    f"{MOST_CHARACTERS:,} are shown. Nothing was done. Do it in smaller steps."
)


def whole_call(name: str, arguments: Mapping[str, Any], /) -> ConsentRequest:
    """Of a tool that says nothing better: its name, and every argument."""
    shown = json.dumps(dict(arguments), indent=2, ensure_ascii=False)
    return ConsentRequest(title=f"Run {name}", request=clean_text(shown))
