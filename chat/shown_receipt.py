"""A stored receipt as its reader is shown it: the budget, what the provider counted, and each message with its fate."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.refusals import NotFound
from agents.roster import agent_named
from chat.models import DelegatedRun, Iteration, Message

MOST_LINES = 300
EXCERPT_CHARACTERS = 120

_STATUSES = {"kept": "sent", "shortened": "shortened", "stubbed": "one line", "left_out": "not sent"}
_REASONS = {
    "result_shortened": "the result was too long for the call",
    "arguments_shortened": "the arguments were too long for the call",
    "result_stubbed": "the model had read the result before",
    "iteration_left_out": "an early step of a long answer",
    "repaired": "a call or a result was missing",
    "reasoning_dropped": "without its thoughts: the conversation before them changed, or another model had them",
}
_EARLIER = {
    "over_limit": "did not fit the token limit",
    "over_last_messages": "were more than Last Messages allows",
    "too_old": "were older than Max Age allows",
    "over_rate_limit": "were left out because the rate limit had no room for them",
}
_ROLES = {"user": "You", "assistant": "Answer", "tool": "Results"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of the budget, in tokens."""

    name: str
    label: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message. `tokens` were sent of its `whole`; `number` is its place in the conversation, from 1."""

    number: int | None
    who: str
    excerpt: str
    status: str
    said: str
    why: str
    tokens: int
    whole: int


@dataclass(frozen=True, kw_only=True)
class ShownReceipt:
    """`calls` is how many model calls the turn made; this is number `n`. `reported` is None until the provider has told
    what it counted. `built` is the input as it was built at first, where less was sent; `reply_cap` is the cap of the
    reply, where that was lowered; else None. `handed_to` is the name of the agent that the call was made for, "" for
    the turn's own; `is_cut_off`: it is the last one because nothing new came of the ones before."""

    n: int
    calls: int
    limit: int
    total: int
    parts: Sequence[Part]
    earlier: Sequence[tuple[str, int, int]]
    lines: Sequence[Line]
    unlisted: int
    reported: int | None
    cached: int
    message_id: str
    built: int | None
    reply_cap: int | None
    handed_to: str = ""
    is_cut_off: bool = False

    @property
    def difference(self) -> int:
        """Percent by which the provider counted more than we did."""
        return round(100 * (self.reported - self.total) / self.total) if self.reported and self.total else 0

    @property
    def cached_percent(self) -> int:
        return round(100 * self.cached / self.reported) if self.reported else 0


def shown_receipt(user: User, turn_id: uuid.UUID, *, n: int | None) -> ShownReceipt:
    """Of the turn's model call `n`, or its newest. NotFound for another user's, and where there is no such call."""
    rows = Iteration.objects.filter(turn=turn_id, turn__conversation__owner=user).select_related("model_call", "run")
    found = list(rows.order_by("n"))
    row = next((row for row in reversed(found) if n is None or row.n == n), None)
    if row is None:
        raise NotFound("There is no such model call.")
    receipt, call = row.receipt, row.model_call
    listed = receipt["entries"][-MOST_LINES:]
    return ShownReceipt(
        n=row.n,
        calls=len(found),
        limit=receipt["limit"],
        total=receipt["total"],
        parts=budget(receipt),
        earlier=[
            (_EARLIER[reason], tally["count"], tally["tokens"])
            for reason, tally in receipt["earlier"]["reasons"].items()
        ],
        lines=_lines(listed, run=row.run),
        unlisted=len(receipt["entries"]) - len(listed),
        reported=call.input_tokens if call else None,
        cached=(call.cache_read_tokens or 0) if call else 0,
        message_id=str(row.message_id or ""),
        built=receipt.get("built_tokens"),
        reply_cap=receipt.get("reply_cap"),
        handed_to=_name(row.run.agent) if row.run else "",
        is_cut_off=receipt.get("last") == "no_progress",
    )


def _name(slug: str) -> str:
    agent = agent_named(slug)
    return agent.name if agent else slug


def budget(receipt: Mapping[str, Any]) -> list[Part]:
    """What the limit was used for, in the order in which it is sent, and what was free. Adds up to the limit."""
    earlier = receipt["conversation"] - receipt["message"]
    sizes = (
        ("instructions", "Instructions", receipt["instructions"]),
        ("tools", "Tools", receipt["tools"]),
        ("overhead", "Overhead", receipt["overhead"]),
        ("conversation", "Conversation", earlier),
        ("message", "This message", receipt["message"]),
        ("free", "Free", receipt["limit"] - receipt["total"]),
    )
    return [Part(name=name, label=label, tokens=tokens) for name, label, tokens in sizes]


def _lines(entries: Sequence[Mapping[str, Any]], *, run: DelegatedRun | None) -> list[Line]:
    if run is not None:
        said = {entry["id"]: entry for entry in run.messages}
        return [_line(entry, said.get(entry["message_id"], {}), who="Task") for entry in entries]
    ids = [entry["message_id"] for entry in entries if entry["message_id"]]
    found = Message.objects.in_bulk(ids).values()
    rows = {str(row.pk): {"position": row.position, "parts": row.parts} for row in found}
    return [_line(entry, rows.get(entry["message_id"], {}), who=_ROLES["user"]) for entry in entries]


def _line(entry: Mapping[str, Any], message: Mapping[str, Any], *, who: str) -> Line:
    """`message` holds `parts` and `position` of what the entry is about, as far as that is known; `who` asked."""
    position = message.get("position")
    return Line(
        number=None if position is None else position + 1,
        who=who if entry["role"] == "user" else _ROLES[entry["role"]],
        excerpt=_excerpt(message.get("parts", ())),
        status=entry["status"],
        said=_STATUSES[entry["status"]],
        why=_REASONS.get(entry["reason"], ""),
        tokens=entry["tokens"],
        whole=entry["whole"],
    )


def _excerpt(parts: Sequence[Mapping[str, Any]]) -> str:
    """One line: what was said, else which tools were called, else what came back."""
    said = " ".join(part["text"] for part in parts if part["kind"] == "text")
    names = [part["name"] for part in parts if part["kind"] == "tool_call"]
    came = [f"{part['name']}: {part['text'][:EXCERPT_CHARACTERS]}" for part in parts if part["kind"] == "tool_result"]
    text = said or (f"calls {', '.join(names)}" if names else "; ".join(came))
    line = " ".join(text[: 2 * EXCERPT_CHARACTERS].split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[:EXCERPT_CHARACTERS].rstrip()}…"
