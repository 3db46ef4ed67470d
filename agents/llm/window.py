"""The window of a branch: which part of its history is sent, and in what form. A value, saved with the branch.

The same history through the same window gives the same bytes: a provider's prompt cache lives on an unchanged prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.llm.cuts import Place
from agents.llm.tool_results import Cut

WINDOW_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Window:
    """`token_limit` is the limit it belongs to, `boundary` the id of the first message sent, `left_out` the ids of the
    assistant messages whose iterations are left out right after that.

    `noted_in` is the id of the tool message that tells of them, "" where none does.

    `changes` counts how often the window changed. The last change began at position `changed_at` of the messages sent,
    when `changed_after` was the newest message: what came later was written after exactly the prefix that is sent now.
    `frame` stands for the instructions and tools that were sent before it.
    """

    token_limit: int
    boundary: str
    cuts: tuple[tuple[Place, Cut], ...] = ()
    left_out: tuple[str, ...] = ()
    noted_in: str = ""
    changes: int = 0
    changed_at: int = 0
    changed_after: str = ""
    frame: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form; `from_dict` reads it back exactly."""
        cuts = [[*place, cut.shape, cut.keep] for place, cut in self.cuts]
        return {**vars(self), "cuts": cuts, "left_out": list(self.left_out), "version": WINDOW_VERSION}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Window:
        """ValueError for an unknown version."""
        fields = dict(data)
        version = fields.pop("version", None)
        if version != WINDOW_VERSION:
            raise ValueError(f"window of version {version!r}; this code reads {WINDOW_VERSION}")
        fields["cuts"] = tuple((Place(*place), Cut(shape=shape, keep=keep)) for *place, shape, keep in fields["cuts"])
        fields["left_out"] = tuple(fields["left_out"])
        return cls(**fields)
