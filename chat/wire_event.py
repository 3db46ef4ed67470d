"""Turn events as they go over the wire: `{type, conversation, turn, seq, ts, …}`, encoded once for all sockets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from accounts.moments import rfc3339
from chat.models import TurnEvent


@dataclass(frozen=True)
class WireEvent:
    """One durable event. `fields` is everything that a client gets."""

    turn: str
    seq: int
    fields: dict[str, Any]

    @cached_property
    def text(self) -> str:
        return orjson.dumps(self.fields).decode()

    @classmethod
    def of(cls, event: TurnEvent, *, conversation: str) -> WireEvent:
        turn = str(event.turn_id)
        fields = {
            "type": event.type,
            "conversation": conversation,
            "turn": turn,
            "seq": event.seq,
            "ts": rfc3339(event.created_at),
            **event.data,
        }
        return cls(turn, event.seq, fields)


@dataclass(frozen=True)
class Feed:
    """News for a user's conversation list; not kept. `kind` as in the protocol: created, renamed, turn_started, …"""

    kind: str
    conversation: str

    @cached_property
    def text(self) -> str:
        return orjson.dumps({"type": "feed", "kind": self.kind, "conversation": self.conversation}).decode()
