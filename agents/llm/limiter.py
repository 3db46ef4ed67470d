"""The token limiter: what one model call may carry. Pure: no I/O, no clock, and what goes in is never altered.

Its ancestor is Mastra's TokenLimiter (`packages/core/src/processors/processors/token-limiter.ts`). The rules:

1. A saved window that still fits is sent byte for byte, plus what is new.
2. Without one, the widest run of whole turns that fits.
3. A saved window that overflows is cut deep, to the low-water mark. The newest finished turn stays whenever it fits,
   with its tool results as one line each where need be.
4. A current turn that is too big by itself: the results that the model has seen become one line each, then its oldest
   iterations go, then what is left is shortened. Results not yet seen are never left out.
5. The newest user message is sent whole, or nothing is.
6. What is sent needs no repair.
7. Reasoning is sent only to the model that thought it, and only after exactly the prefix that it was born from: every
   edit of the prefix drops what reasoning there is.

Caps on the number and the age of earlier messages (`message_caps`) come before the tokens.

What is kept is an unbroken end of the history, but for one run of iterations left out right after its first message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agents.llm.calibration import Counted, Report
from agents.llm.correction import Correction
from agents.llm.draft import Draft
from agents.llm.errors import ContextImpossible
from agents.llm.message_caps import MessageCaps
from agents.llm.messages import Message, ToolSpec
from agents.llm.providers.base import BlockCounts
from agents.llm.reasoning import count_reasoning
from agents.llm.receipt import Earlier, EarlierReason, Receipt
from agents.llm.reductions import Targets, reduce
from agents.llm.repair import repair
from agents.llm.tokens import TokenCounter
from agents.llm.window import Window

_NOTHING_EARLIER = Earlier()
_NO_CAPS = MessageCaps()


def default_low_water(token_limit: int) -> int:
    """Tokens of conversation that a deep cut leaves. Absolute: a bigger window does not make a cold prefix cheaper."""
    return 2_000 if token_limit <= 8_192 else 3_000


@dataclass(frozen=True, kw_only=True)
class LimitedContext:
    """What goes into one model call. Save `window` with the branch and hand it to the next call, and `earlier` where
    what lies before the window is not handed over again. `plain_counts` are the messages' tokens without any
    correction, parallel to them."""

    messages: tuple[Message, ...]
    counts: BlockCounts
    plain_counts: tuple[int, ...]
    receipt: Receipt
    window: Window
    earlier: Earlier

    def report(self, reported: int, *, correction: Correction) -> Report:
        """That the provider counted `reported` tokens. `correction` is that of the counter."""
        messages = (
            Counted(message.id, count, thinks=count_reasoning(message) > 0)
            for message, count in zip(self.messages, self.plain_counts, strict=True)
        )
        return Report.of(self.counts, correction=correction, messages=messages, reported=reported)


@dataclass(frozen=True, kw_only=True)
class TokenLimiter:
    """Fits histories of one agent and model. `token_limit` is the most input tokens of any call, all included.

    Both methods take `history`, the newest messages of a branch, oldest first: it begins at a user message, and every
    message has an id of its own. `window` is what the previous call returned; one of another limit, or with a boundary
    that is not in `history`, counts as none. `counts` gives the tokens of stored messages by id, as this counter counts
    them without its correction (`TokenCounter.stored_count`) and without their reasoning. `measured` gives the messages
    whose size reports have told, by id: a correction in thousandths that takes the place of the counter's, whatever is
    sent of the message. `earlier`, in the same tokens as `counts`, sums up what lies before `history`; what lies before
    the window's boundary in it counts as over the limit, so that a history that begins there keeps the reasons apart.
    All that is told of the call is corrected.

    `model` is the id of the model that is called, "" if it is to be sent no reasoning. `binds_reasoning`: it refuses
    reasoning after an edit, so that within a running tool loop nothing is cut that need not be.

    Both raise ContextImpossible if what must be sent does not fit, and ValueError if `history` is not one.
    """

    counter: TokenCounter
    token_limit: int
    instructions: str = ""
    tools: tuple[ToolSpec, ...] = ()
    low_water: int | None = None
    caps: MessageCaps = _NO_CAPS
    model: str = ""
    binds_reasoning: bool = False

    def fit(
        self,
        history: Sequence[Message],
        *,
        window: Window | None = None,
        counts: Mapping[str, int] | None = None,
        measured: Mapping[str, int] | None = None,
        earlier: Earlier = _NOTHING_EARLIER,
    ) -> LimitedContext:
        """The context of the next call. With the window that comes back, the same history gives the same again."""
        return self.refit(
            history,
            max_input=self.token_limit,
            cold=False,
            window=window,
            counts=counts,
            measured=measured,
            earlier=earlier,
        )

    def refit(
        self,
        history: Sequence[Message],
        *,
        max_input: int,
        cold: bool,
        window: Window | None = None,
        counts: Mapping[str, int] | None = None,
        measured: Mapping[str, int] | None = None,
        earlier: Earlier = _NOTHING_EARLIER,
    ) -> LimitedContext:
        """Like `fit`, with at most `max_input` input tokens. `cold`: no prefix is cached, so cut deep right away. What
        goes is said to be over the rate limit: nothing else asks for less than `fit` gives.

        Its window is one of the token limit all the same: what was sent last is the prefix to stay with.
        """
        _check_history(history)
        draft = Draft(repair(history), counter=self.counter, counts=counts or {}, measured=measured or {})
        saved = window if window and window.token_limit == self.token_limit and draft.resume(window) else None
        if saved and saved.frame == self._fingerprint:
            draft.replay_reasoning(self.model, after=saved.changed_after)
        before = draft.messages
        limit = min(self.token_limit, max_input)
        room = limit - self._frame.total
        why: EarlierReason = "over_rate_limit" if cold or limit < self.token_limit else "over_limit"
        cold = cold and not (self.binds_reasoning and draft.turns[-1].sent_iterations)
        targets = Targets(room=room, low_water=self._low_water, deep=cold or saved is not None, reason=why)
        if not self._fits(draft, targets, has_window=saved is not None, cold=cold):
            raise self._impossible(limit=limit, conversation=draft.total)
        _check_result(draft, room=room)
        earlier += draft.dropped
        return LimitedContext(
            messages=draft.messages,
            counts=replace(self._frame, messages=draft.counts),
            plain_counts=draft.plain_counts,
            receipt=self._receipt(draft, limit=limit, earlier=earlier),
            window=self._window(draft, saved=saved, before=before, changes=window.changes + 1 if window else 0),
            earlier=earlier,
        )

    def capped(self, caps: MessageCaps) -> TokenLimiter:
        """The same with `caps`; this one where they are its own already."""
        return self if caps == self.caps else replace(self, caps=caps)

    def _fits(self, draft: Draft, targets: Targets, *, has_window: bool, cold: bool) -> bool:
        """Edit the draft, if it must be, until it fits. False if it cannot."""
        over_caps = self.caps.reasons(draft.turns, deep=has_window)
        if has_window and not cold and not over_caps and draft.total <= targets.room:
            return True
        draft.begin_edit()
        for reason in over_caps:
            draft.drop_oldest_turn(reason)
        is_small = has_window and not cold and draft.total <= targets.room
        if not is_small and not reduce(draft, targets):
            return False
        draft.end_edit(room=targets.room)
        return True

    @cached_property
    def _frame(self) -> BlockCounts:
        """A request without messages."""
        return BlockCounts(
            instructions=self.counter.instructions(self.instructions),
            tools=self.counter.tools(self.tools),
            overhead=self.counter.overhead,
            messages=(),
        )

    @cached_property
    def _fingerprint(self) -> str:
        """Of what stands before the first message: changed instructions or tools are an edit, too."""
        frame = [self.instructions, *([tool.name, tool.description, tool.parameters] for tool in self.tools)]
        text = json.dumps(frame, separators=(",", ":"), default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def _low_water(self) -> int:
        return default_low_water(self.token_limit) if self.low_water is None else self.low_water

    def _window(self, draft: Draft, *, saved: Window | None, before: tuple[Message, ...], changes: int) -> Window:
        kept = _common_prefix(before, draft.messages)
        if saved and kept == len(before) and saved.frame == self._fingerprint:
            return saved
        if saved and saved.frame != self._fingerprint:
            kept = 0
        return Window(
            token_limit=self.token_limit,
            boundary=draft.turns[0].question.message.id,
            cuts=tuple(draft.cuts.items()),
            left_out=tuple(draft.left_out),
            noted_in=draft.noted_in,
            changes=changes,
            changed_at=kept if saved else 0,
            changed_after=_newest_id(draft),
            frame=self._fingerprint,
        )

    def _receipt(self, draft: Draft, *, limit: int, earlier: Earlier) -> Receipt:
        return Receipt(
            limit=limit,
            instructions=self._frame.instructions,
            tools=self._frame.tools,
            overhead=self._frame.overhead,
            conversation=draft.total,
            message=draft.turns[-1].question.tokens,
            entries=draft.entries,
            earlier=earlier.corrected(self.counter),
            correction=self.counter.correction,
        )

    def _impossible(self, *, limit: int, conversation: int) -> ContextImpossible:
        """`conversation` is the least that must be sent of it."""
        frame = self._frame
        needed = frame.total + conversation
        return ContextImpossible(
            f"Nothing was sent, because it does not fit the token limit of {limit:,}: your message, with what must go "
            f"along with it, takes {conversation:,} tokens, and instructions and tools take {frame.total:,}. Your text "
            f"is kept. Raise the token limit (Max Output Tokens, or Context Token Limit where that is set) to at least "
            f"{needed:,}, or shorten the message.",
            params={
                "limit": limit,
                "instructions": frame.instructions,
                "tools": frame.tools,
                "overhead": frame.overhead,
                "message": conversation,
            },
        )


def _check_history(history: Sequence[Message]) -> None:
    ids = {message.id for message in history}
    if not history or history[0].role != "user":
        raise ValueError("a history begins at a user message")
    if len(ids) < len(history) or "" in ids:
        raise ValueError("every message of a history has an id of its own: a window refers to it")


def _check_result(draft: Draft, *, room: int) -> None:
    """What no test has ever seen must not reach a provider either."""
    if draft.total > room:
        raise RuntimeError(f"the limiter let {draft.total} tokens into a room of {room}")
    if not repair(draft.messages).nothing_done:
        raise RuntimeError("the limiter tore a tool call from its result")


def _common_prefix(one: Sequence[Message], other: Sequence[Message]) -> int:
    same = (mine is yours for mine, yours in zip(one, other, strict=False))
    return next((position for position, is_same in enumerate(same) if not is_same), min(len(one), len(other)))


def _newest_id(draft: Draft) -> str:
    """The id of the newest message; what repair adds has none."""
    return next(line.message.id for line in reversed(draft.lines) if line.message.id)
