"""From rows to the model request of one iteration: newest rows first, only as many as the token limit can hold.

A `TurnContext` is loaded once for a turn and grows with its iterations; each call fits it to the token limit anew. The
limiter's window is saved with the branch, so that the next call sends the same prefix.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone

from agents.llm.calibration import UNCALIBRATED, Calibration, Counted, hear, observe
from agents.llm.limiter import LimitedContext, TokenLimiter
from agents.llm.message_caps import MessageCaps
from agents.llm.messages import Message, Usage, user_text
from agents.llm.providers.base import ModelRequest
from agents.llm.reasoning import count_reasoning
from agents.llm.receipt import Earlier, Tally
from agents.llm.tokens import TokenCounter
from agents.llm.window import Window
from agents.model_capabilities import capabilities_for
from agents.model_counter import counter_of as counter_of  # noqa: PLC0414 - others read it here
from agents.models import LanguageModel
from agents.roster import Agent
from agents.setting_ranges import SettingValues
from chat import context_rows, models
from chat.calibrations import NONE_YET, Calibrations, calibration_of, with_calibration
from chat.message_rows import to_value

BUDGET_PARTS = ("instructions", "tools", "overhead", "conversation", "message")
"""Of a receipt, in tokens; `message`, the newest question, is a part of `conversation`."""


@dataclass(frozen=True, kw_only=True)
class BuiltContext:
    """A request ready to be sent, and what the limiter did to make it fit."""

    request: ModelRequest
    limited: LimitedContext


@dataclass(kw_only=True)
class TurnContext:
    """What one turn's calls are built from. `history` holds the newest messages of the path, oldest first; what a call
    no longer sends leaves it, and is added to `earlier`. `values` are effective settings. `counts` and `earlier` are in
    the tokens of rows: without the correction that `calibration` has come to. `built` is the call that no usage came
    for yet, `said` how many tokens the provider counted of the newest reply, 0 if it did not tell. `lane` is "" for the
    branch's own calls: others have prefixes of their own."""

    agent: Agent
    model: LanguageModel
    values: SettingValues
    limiter: TokenLimiter
    conversation_id: uuid.UUID
    branch_id: int
    calibrations: Calibrations
    calibration: Calibration
    history: list[Message]
    counts: dict[str, int]
    earlier: Earlier
    window: Window | None
    saved_window: Window | None
    oldest_position: int
    built: LimitedContext | None = None
    said: int = 0
    lane: str = ""

    def add(self, message: Message, count: int) -> None:
        self.history.append(message)
        self.counts[message.id] = count

    def observe(self, usage: Usage) -> None:
        """What the provider counted of the request that was built last; the next is counted by it."""
        built, self.built, self.said = self.built, None, usage.output_tokens - usage.reasoning_tokens
        if built is None or not usage.input_tokens:
            return
        report = built.report(usage.input_tokens, correction=self.limiter.counter.correction)
        self.calibrate(observe(self.calibration, report))

    def calibrate(self, calibration: Calibration) -> None:
        self.calibration = calibration
        counter = self.limiter.counter.corrected_by(calibration.correction)
        self.limiter = replace(self.limiter, counter=counter)

    def hear(self, reply: Message, count: int) -> None:
        """`count` is that of its row. Not of a reply with thoughts: not every provider tells their share."""
        if not count_reasoning(reply):
            self.calibration = hear(self.calibration, Counted(reply.id, count), reported=self.said)

    def build(self, *, is_last: bool) -> BuiltContext:
        """The request for the next call. ContextImpossible where the question cannot fit."""
        limited = self.limiter.fit(
            self.history,
            window=self.window,
            counts=self.counts,
            measured=self._measured(),
            earlier=self.earlier,
        )
        self._begin_at(limited)
        return BuiltContext(request=self._request(limited, is_last=is_last), limited=limited)

    def _measured(self) -> dict[str, int]:
        return self.calibration.corrections([message.id for message in self.history])

    def _begin_at(self, limited: LimitedContext) -> None:
        self.window, self.earlier = limited.window, limited.earlier
        gone = next(n for n, message in enumerate(self.history) if message.id == limited.window.boundary)
        del self.history[:gone]
        self.oldest_position += gone  # Positions on a path are consecutive.

    def _request(self, limited: LimitedContext, *, is_last: bool) -> ModelRequest:
        call_id = str(uuid.uuid4())
        history, earlier, measured = tuple(self.history), self.earlier, self._measured()
        self.said = 0
        self.built = limited  # A refit builds anew: the last one is the one that is sent.

        def refit(max_input: int, cold: bool) -> ModelRequest:
            smaller = self.limiter.refit(
                history,
                max_input=max_input,
                cold=cold,
                window=limited.window,
                counts=self.counts,
                measured=measured,
                earlier=earlier,
            )
            self._begin_at(smaller)
            return replace(self._request(smaller, is_last=is_last), call_id=call_id)

        return ModelRequest(
            model=self.model.model_id,
            call_id=call_id,
            instructions=self.agent.instructions,
            messages=limited.messages,
            counts=limited.counts,
            max_output_tokens=min(self.values.reply_cap, self.model.max_output_tokens),
            temperature=self.values.temperature,
            effort=self.values.effort or None,
            capabilities=capabilities_for(self.model),
            tools=self.agent.tools.specs,
            tool_choice="none" if is_last else "auto",
            cache_key=f"branch-{self.branch_id}{self.lane}",
            input_limit=self.limiter.token_limit,
            refit=refit,
        )


def summary(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """A stored receipt in a few numbers, as `context.built` tells them: what is sent of how much, and what is not.
    `built_tokens` is there where less is sent than was built, `reply_cap` where the cap of the reply was lowered."""
    gone = [entry for entry in receipt["entries"] if entry["status"] == "left_out"]
    left_out = receipt["earlier"]["count"] + len(gone)
    return {
        "call": receipt["call"],
        "tokens": receipt["total"],
        "limit": receipt["limit"],
        "budget": {part: receipt[part] for part in BUDGET_PARTS},
        "left_out": left_out,
        "left_out_tokens": receipt["earlier"]["tokens"] + sum(entry["whole"] for entry in gone),
        "boundary": receipt["boundary"] if left_out else None,
        "built_tokens": receipt.get("built_tokens"),
        "reply_cap": receipt.get("reply_cap"),
    }


def limiter_for(
    *, agent: Agent, model: LanguageModel, values: SettingValues, calibrations: Calibrations = NONE_YET
) -> TokenLimiter:
    """`calibrations` are the conversation's."""
    counter = counter_of(model)
    calibration = calibration_of(calibrations, model=model, counter=counter)
    return _limiter_for(
        agent,
        counter.corrected_by(calibration.correction),
        values.token_limit,
        model=model.model_id,
        binds_reasoning=capabilities_for(model).binds_thinking,
    )


@lru_cache(maxsize=256)
def _limiter_for(
    agent: Agent, counter: TokenCounter, token_limit: int, *, model: str, binds_reasoning: bool
) -> TokenLimiter:
    """Kept, since it counts the agent's instructions and tools once."""
    return TokenLimiter(
        counter=counter,
        token_limit=token_limit,
        instructions=agent.instructions,
        tools=agent.tools.specs,
        model=model,
        binds_reasoning=binds_reasoning,
    )


def load(
    *,
    branch: models.Branch,
    agent: Agent,
    model: LanguageModel,
    values: SettingValues,
    calibrations: Calibrations = NONE_YET,
    now: datetime | None = None,
) -> TurnContext:
    """Read what the next turn on `branch` may need; count what has no count yet, and keep the counts.

    `now` is when the turn begins: messages grow no older while it runs, so that its prefix stays.
    """
    now = now or timezone.now()
    limiter = limiter_for(agent=agent, model=model, values=values, calibrations=calibrations)
    window = _saved_window(branch, values)
    down_to = branch.window.get("position", 0) if window else None
    read = context_rows.newest_rows(branch, counter=limiter.counter, values=values, now=now, down_to=down_to)
    oldest = read.newest[0] if read.newest else None
    count = oldest.position if oldest and oldest.position is not None else 0
    tokens = oldest.tokens_before if oldest else 0
    return TurnContext(
        agent=agent,
        model=model,
        values=values,
        limiter=limiter.capped(_caps(values, read.newest, now=now)),
        conversation_id=branch.conversation_id,
        branch_id=branch.pk,
        calibrations=calibrations,
        calibration=calibration_of(calibrations, model=model, counter=limiter.counter),
        history=[to_value(row) for row in read.newest],
        counts={str(row.pk): row.token_count or 0 for row in read.newest},
        earlier=_saved_earlier(branch, count=count, tokens=tokens)
        if window
        else Earlier.of(read.reason, count=count, tokens=tokens),
        window=window,
        saved_window=window,
        oldest_position=count,
    )


def save_window(context: TurnContext) -> None:
    """Keep the window with the branch, if this call moved it."""
    if context.window is None or context.window == context.saved_window:
        return
    earlier = context.earlier
    window = {
        "limiter": context.window.to_dict(),
        "position": context.oldest_position,
        "caps": _caps_in_force(context.values),
        "over_last_messages": asdict(earlier.over_last_messages),
        "too_old": asdict(earlier.too_old),
        "over_rate_limit": asdict(earlier.over_rate_limit),
    }
    models.Branch.objects.filter(pk=context.branch_id).update(window=window)
    context.saved_window = context.window


def save_calibration(context: TurnContext) -> None:
    """Keep what the last call taught with the conversation, if it taught anything."""
    counter = context.limiter.counter
    kept = with_calibration(context.calibrations, model=context.model, counter=counter, calibration=context.calibration)
    if context.calibration is UNCALIBRATED or kept == context.calibrations:
        return
    models.Conversation.objects.filter(pk=context.conversation_id).update(calibrations=kept)
    context.calibrations = kept


def _saved_window(branch: models.Branch, values: SettingValues) -> Window | None:
    """The window of this branch, if it belongs to this token limit and these caps: a changed one starts afresh."""
    saved = branch.window.get("limiter")
    window = Window.from_dict(saved) if saved else None
    if window is None or branch.window.get("caps") != _caps_in_force(values):
        return None
    return window if window.token_limit == values.token_limit else None


def _saved_earlier(branch: models.Branch, *, count: int, tokens: int) -> Earlier:
    return Earlier(
        count=count,
        tokens=tokens,
        over_last_messages=Tally(**branch.window["over_last_messages"]),
        too_old=Tally(**branch.window["too_old"]),
        over_rate_limit=Tally(**branch.window.get("over_rate_limit", {})),
    )


def _caps_in_force(values: SettingValues) -> list[int]:
    return [values.last_messages, values.max_age_minutes]


def _caps(values: SettingValues, rows: list[models.Message], *, now: datetime) -> MessageCaps:
    return MessageCaps(
        last_messages=values.last_messages,
        max_age_minutes=values.max_age_minutes,
        ages=context_rows.ages(rows, now=now) if values.max_age_minutes else {},
    )


def check_fits(
    *, agent: Agent, model: LanguageModel, values: SettingValues, text: str, calibrations: Calibrations = NONE_YET
) -> int:
    """The message's count as its row keeps it. ContextImpossible, with the sizes, if it cannot be sent even alone."""
    message = user_text(text, id="new")
    limiter = limiter_for(agent=agent, model=model, values=values, calibrations=calibrations)
    stored = limiter.counter.stored_count(message)
    limiter.fit([message], counts={message.id: stored})
    return stored
