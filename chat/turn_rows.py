"""The rows that a running turn writes: its answers and tool results. Plain functions, run by the log's transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from agents.llm.messages import Message
from agents.llm.reasoning import without_reasoning
from agents.llm.tokens import TokenCounter
from agents.prepared import insert
from chat import models
from chat.lease import Lease
from chat.message_rows import set_parts


@dataclass(frozen=True, kw_only=True)
class Tip:
    """The place of a path's newest row: where a turn writes next. `tokens` counts everything up to and including it."""

    branch_id: int
    position: int
    message_id: uuid.UUID
    tokens: int

    @classmethod
    def at(cls, row: models.Message) -> Tip:
        assert row.branch_id is not None, "a turn writes after a message that is in place"
        assert row.position is not None, "a message on a branch has a position"
        tokens = row.tokens_before + (row.token_count or 0)
        return cls(branch_id=row.branch_id, position=row.position, message_id=row.pk, tokens=tokens)


def add_message(*, lease: Lease, tip: Tip, message: Message, counter: TokenCounter) -> Tip:
    """Write `message` (its id is the row's) after `tip`. Returns the new tip."""
    count = counter.stored_count(without_reasoning(message))
    row = models.Message(
        id=uuid.UUID(message.id),
        conversation_id=lease.conversation_id,
        branch_id=tip.branch_id,
        position=tip.position + 1,
        parent_id=tip.message_id,
        turn_id=lease.turn_id,
        role=message.role,
        token_count=count,
        token_encoding=counter.name,
        tokens_before=tip.tokens,
    )
    set_parts(row, message)
    insert([row])
    return Tip.at(row)
