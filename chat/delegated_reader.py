"""What the `recall` and `correlate` tools of a delegated run read: every result of the conversation by its handle, but
the messages of the run alone. The conversation's are not its business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.llm.messages import Message
from agents.tools.recall import Source
from chat.recall_reader import ConversationReader


@dataclass(frozen=True, kw_only=True)
class DelegatedReader(ConversationReader):
    """`context` is the run's, which holds all of its messages from the first on."""

    def _message(self, number: int) -> Source | None:
        history = self.context.history
        if not 1 <= number <= len(history):
            return None
        message = history[number - 1]
        return Source(title=f"message {number} ({message.role})", text=self._texts([message])[0])

    def _asked(self) -> Iterable[str]:
        """What stands in the task goes before what the user wrote."""
        yield self.context.history[0].text
        yield from super()._asked()

    def _newest(self, inside: Sequence[tuple[int, Message]], boundary: int) -> Iterable[tuple[int, Message]]:
        yield from reversed(inside)
