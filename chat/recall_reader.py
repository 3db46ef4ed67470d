"""What the `recall` and `correlate` tools read: one conversation, as far as the turn that runs in it was not sent it.

Everything is asked for by owner and conversation, so that no handle and no number leads anywhere else. Reads are
bounded: a search looks at so many messages and characters at once, and says how many are left.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from agents.llm.messages import Message, TextPart, ToolCall, ToolResult
from agents.llm.tool_results import is_extract
from agents.llm.tools import ToolSet
from agents.llm.window import Window
from agents.models import StoredResult
from agents.threads import in_thread
from agents.tools import correlate
from agents.tools.pasted import data_in
from agents.tools.recall import LeftOut, LeftOutPage, Source, bound
from chat import branches, models
from chat.context import TurnContext
from chat.message_rows import to_value
from chat.models import Conversation
from chat.stored_results import CAP_SHARE, answers_of, scope_of

MOST_TOKENS = 4_000
"""Of one answer of the tool, however large the token limit."""

ASKED_SEARCHED = 20
"""Messages of the user that are looked through for data that was pasted."""

MESSAGES_SEARCHED = 3_000
CHARACTERS_SEARCHED = 6_000_000


def bound_tools(context: TurnContext, *, conversation: Conversation) -> ToolSet:
    """The agent's tools for one turn, with a `recall` and a `correlate` that read its conversation."""
    owner, pk = conversation.owner_id, conversation.pk
    return tools_reading(context, ConversationReader(context=context, owner_id=owner, conversation_id=pk))


def tools_reading(context: TurnContext, reader: ConversationReader, /) -> ToolSet:
    limiter = context.limiter
    # No more than the cap of a result that is stored: the answer is never shortened itself.
    most = min(MOST_TOKENS, limiter.token_limit // CAP_SHARE)
    tools = bound(context.agent.tools, reader=reader, fits=lambda text: limiter.counter.text(text) <= most)
    return correlate.bound(tools, reader=reader)


@dataclass(frozen=True, kw_only=True)
class ConversationReader:
    """Reads the path of the turn's branch; `context` says what of it is sent."""

    context: TurnContext
    owner_id: uuid.UUID
    conversation_id: uuid.UUID

    async def result(self, handle: str) -> Source | None:
        return await in_thread(self._result)(handle)

    async def message(self, number: int) -> Source | None:
        return await in_thread(self._message)(number)

    async def pasted(self, number: int) -> Source | None:
        return await in_thread(self._pasted)(number)

    async def left_out(self, *, skip: int) -> LeftOutPage:
        return await in_thread(self._left_out)(skip)

    def _result(self, handle: str) -> Source | None:
        stored = self._stored().filter(handle=handle).first()
        if stored is not None:
            return Source(title=f"result {handle} of {stored.tool}", text=stored.text)
        ids = answers_of(handle)
        if ids is None:
            return None
        answers = self._rows().filter(pk__range=ids, role=models.Message.Role.ASSISTANT)
        for row in self._rows().filter(parent__in=answers, role=models.Message.Role.TOOL):
            for part in to_value(row).tool_results:
                if part.handle == handle:
                    return Source(title=f"result {handle} of {part.name}", text=part.text)
        return None

    def _pasted(self, number: int) -> Source | None:
        found = next(filter(None, map(data_in, self._asked())), [])
        return Source(title=f"paste {number}", text=found[number - 1]) if 1 <= number <= len(found) else None

    def _asked(self) -> Iterable[str]:
        """What the user wrote, newest first."""
        branch = models.Branch.objects.get(pk=self.context.branch_id)
        mine = branches.on_path(branch).filter(conversation__owner=self.owner_id, role=models.Message.Role.USER)
        return (to_value(row).text for row in mine.order_by("-position")[:ASKED_SEARCHED])

    def _message(self, number: int) -> Source | None:
        branch = models.Branch.objects.get(pk=self.context.branch_id)
        row = branches.on_path(branch).filter(conversation__owner=self.owner_id, position=number - 1).first()
        if row is None:
            return None
        text = self._texts([to_value(row)])[0]
        return Source(title=f"message {number} ({row.role})", text=text)

    def _left_out(self, skip: int) -> LeftOutPage:
        inside = _not_sent_whole(self.context)
        boundary = self.context.oldest_position
        page = list(islice(self._newest(inside, boundary), skip, skip + MESSAGES_SEARCHED))
        texts = self._texts([message for _, message in page])
        bounded = _within(texts, CHARACTERS_SEARCHED)
        found = [
            LeftOut(number=position + 1, role=message.role, text=text)
            for (position, message), text in zip(page, bounded, strict=False)
        ]
        return LeftOutPage(messages=found, skipped=skip, total=len(inside) + boundary)

    def _newest(self, inside: Sequence[tuple[int, Message]], boundary: int) -> Iterable[tuple[int, Message]]:
        yield from reversed(inside)
        if boundary == 0:
            return
        branch = models.Branch.objects.get(pk=self.context.branch_id, conversation__owner=self.owner_id)
        for row in branches.newest_first(branch, before=boundary):
            yield row.position or 0, to_value(row)

    def _texts(self, messages: Sequence[Message]) -> list[str]:
        """What stands in each message, with the whole of every result."""
        handles = [part.handle for message in messages for part in message.tool_results if part.handle]
        whole: dict[str, str] = {}
        for start in range(0, len(handles), 500):
            rows = self._stored().filter(handle__in=handles[start : start + 500]).values_list("handle", "text")
            whole.update(rows)
        return ["\n".join(_said(message, whole)) for message in messages]

    def _stored(self) -> QuerySet[StoredResult]:
        return StoredResult.objects.filter(owner=self.owner_id, scope=scope_of(self.conversation_id))

    def _rows(self) -> QuerySet[models.Message]:
        return models.Message.objects.filter(conversation=self.conversation_id, conversation__owner=self.owner_id)


def _not_sent_whole(context: TurnContext) -> list[tuple[int, Message]]:
    """The messages since the boundary that were left out or cut, each with its position, oldest first."""
    window = context.window
    if window is None:
        return []
    cut = _cut_ids(context.history, window)
    placed = enumerate(context.history, start=context.oldest_position)
    return [(position, message) for position, message in placed if message.id in cut]


def _cut_ids(history: Sequence[Message], window: Window) -> set[str]:
    """Ids of messages in which something is cut, and of those that are left out."""
    cut_results = {(place.owner, place.call_id) for place, _ in window.cuts if place.body == "result"}
    cut = {place.owner for place, _ in window.cuts if place.body == "arguments"}
    owner = ""
    for message in history:
        owner = message.id if message.role != "tool" else owner
        results = {(owner, part.call_id) for part in message.tool_results}
        shortened = any(is_extract(part.text, part.handle) for part in message.tool_results)
        if owner in window.left_out or results & cut_results or shortened:
            cut.add(message.id)
    return cut


def _within(texts: Sequence[str], characters: int) -> list[str]:
    """The first of `texts`, as many as have so many characters together; always one."""
    kept: list[str] = []
    for text in texts:
        characters -= len(text)
        if kept and characters < 0:
            break
        kept.append(text)
    return kept


def _said(message: Message, whole: dict[str, str]) -> Iterable[str]:
    for part in message.parts:
        match part:
            case TextPart():
                yield part.text
            case ToolCall():
                yield f"calls {part.name} with {part.arguments}"
            case ToolResult():
                yield f"result {part.handle} of {part.name}:\n{whole.get(part.handle, part.text)}"
