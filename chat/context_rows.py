"""The rows that the next call may need, newest first, and only as many as can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.llm.reasoning import without_reasoning
from agents.llm.receipt import EarlierReason
from agents.llm.tokens import TokenCounter
from agents.setting_ranges import SettingValues
from chat import branches, models
from chat.message_rows import to_value


@dataclass(frozen=True, kw_only=True)
class Rows:
    """`newest` begins at a question and is in the order of the conversation; older ones were left for `reason`."""

    newest: list[models.Message]
    reason: EarlierReason


def newest_rows(
    branch: models.Branch, *, counter: TokenCounter, values: SettingValues, now: datetime, down_to: int | None
) -> Rows:
    """All rows from position `down_to` on; without it, whole turns until one is more than can be sent.

    A row that has no count of this counter is counted, and its count kept.
    """
    rows: list[models.Message] = []
    uncounted: list[models.Message] = []
    reason: EarlierReason | None = None
    tokens = messages = in_turn = 0
    for row in branches.newest_first(branch, down_to=down_to or 0):
        if row.token_encoding != counter.name or row.token_count is None:
            row.token_count = counter.stored_count(without_reasoning(to_value(row)))
            row.token_encoding = counter.name
            uncounted.append(row)
        rows.append(row)
        tokens += counter.corrected(row.token_count)
        in_turn += 1
        if row.role != models.Message.Role.USER:
            continue
        turn, in_turn = rows[-in_turn:], 0
        is_current = len(turn) == len(rows)
        if is_current or down_to is not None:
            continue
        messages += 1 + (len(turn) > 1)
        reason = _overrun(values, tokens=tokens, messages=messages, age=now - turn[0].created_at)
        if reason is not None:
            break
    models.Message.objects.bulk_update(uncounted, ["token_count", "token_encoding"], batch_size=200)
    return Rows(newest=_from_a_question(rows[::-1]), reason=reason or "over_limit")


def ages(rows: Sequence[models.Message], *, now: datetime) -> dict[str, float]:
    """Minutes since each row was written, by its id."""
    return {str(row.pk): (now - row.created_at) / timedelta(minutes=1) for row in rows}


def _overrun(values: SettingValues, *, tokens: int, messages: int, age: timedelta) -> EarlierReason | None:
    """Why nothing older can be sent. The limiter counts exactly; this only says when enough has been read."""
    if values.max_age_minutes and age > timedelta(minutes=values.max_age_minutes):
        return "too_old"
    if values.last_messages and messages > values.last_messages:
        return "over_last_messages"
    return "over_limit" if tokens > values.token_limit else None


def _from_a_question(rows: list[models.Message]) -> list[models.Message]:
    start = next((n for n, row in enumerate(rows) if row.role == models.Message.Role.USER), len(rows))
    return rows[start:]
