"""From rows to the model request of one iteration: newest rows first, only as many as the token limit can hold.

A `TurnContext` is loaded once for a turn and grows with its iterations; each call fits it to the token limit anew. The
limiter's window is saved with the branch, so that the next call sends the same prefix.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.llm.limiter import LimitedContext, TokenLimiter
from agents.llm.messages import Message, user_text
from agents.llm.providers.base import ModelRequest
from agents.llm.receipt import Earlier
from agents.llm.tokens import TokenCounter, counter_for
from agents.llm.window import Window
from agents.models import LanguageModel, Wire
from agents.roster import Agent
from agents.setting_ranges import SettingValues
from chat import branches, models
from chat.message_rows import to_value


@dataclass(frozen=True, kw_only=True)
class BuiltContext:
    """A request ready to be sent, and what the limiter did to make it fit."""

    request: ModelRequest
    limited: LimitedContext


@dataclass(kw_only=True)
class TurnContext:
    """What one turn's calls are built from. `history` holds the newest messages of the path, oldest first."""

    agent: Agent
    model: LanguageModel
    values: SettingValues
    limiter: TokenLimiter
    branch_id: int
    history: list[Message]
    counts: dict[str, int]
    earlier: Earlier
    window: Window | None
    saved_window: Window | None
    oldest_position: int

    def add(self, message: Message, count: int) -> None:
        self.history.append(message)
        self.counts[message.id] = count

    def build(self, *, is_last: bool) -> BuiltContext:
        """The request for the next call. ContextImpossible where the question cannot fit."""
        limited = self.limiter.fit(self.history, window=self.window, counts=self.counts, earlier=self.earlier)
        self.window = limited.window
        return BuiltContext(request=self._request(limited, is_last=is_last), limited=limited)

    def _request(self, limited: LimitedContext, *, is_last: bool) -> ModelRequest:
        call_id = str(uuid.uuid4())
        history = tuple(self.history)

        def refit(max_input: int, cold: bool) -> ModelRequest:
            smaller = self.limiter.refit(
                history,
                max_input=max_input,
                cold=cold,
                window=limited.window,
                counts=self.counts,
                earlier=self.earlier,
            )
            return replace(self._request(smaller, is_last=is_last), call_id=call_id)

        return ModelRequest(
            model=self.model.model_id,
            call_id=call_id,
            instructions=self.agent.instructions,
            messages=limited.messages,
            counts=limited.counts,
            max_output_tokens=min(self.values.max_output_tokens, self.model.max_output_tokens),
            temperature=self.values.temperature,
            tools=self.agent.tools.specs,
            tool_choice="none" if is_last else "auto",
            cache_key=f"branch-{self.branch_id}",
            refit=refit,
        )


def summary(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """A stored receipt in a few numbers, as `context.built` tells them: what is sent of how much, and what is not."""
    gone = [entry for entry in receipt["entries"] if entry["status"] == "left_out"]
    left_out = receipt["earlier"]["count"] + len(gone)
    return {
        "call": receipt["call"],
        "tokens": receipt["total"],
        "limit": receipt["limit"],
        "left_out": left_out,
        "left_out_tokens": receipt["earlier"]["tokens"] + sum(entry["whole"] for entry in gone),
        "boundary": receipt["boundary"] if left_out else None,
    }


def counter_of(model: LanguageModel) -> TokenCounter:
    wire: Literal["anthropic", "openai"] = "anthropic" if model.wire == Wire.ANTHROPIC_MESSAGES else "openai"
    return counter_for(wire, model.model_id)


def limiter_for(*, agent: Agent, model: LanguageModel, values: SettingValues) -> TokenLimiter:
    return TokenLimiter(
        counter=counter_of(model),
        token_limit=values.max_output_tokens,
        instructions=agent.instructions,
        tools=agent.tools.specs,
    )


def load(*, branch: models.Branch, agent: Agent, model: LanguageModel, values: SettingValues) -> TurnContext:
    """Read what the next turn on `branch` may need; count what has no count yet, and keep the counts."""
    limiter = limiter_for(agent=agent, model=model, values=values)
    window = _saved_window(branch, values.max_output_tokens)
    down_to = branch.window.get("position", 0) if window else 0
    rows = _newest_rows(branch, limiter.counter, limit=None if window else values.max_output_tokens, down_to=down_to)
    oldest = rows[0] if rows else None
    position = oldest.position if oldest and oldest.position is not None else 0
    return TurnContext(
        agent=agent,
        model=model,
        values=values,
        limiter=limiter,
        branch_id=branch.pk,
        history=[to_value(row) for row in rows],
        counts={str(row.pk): row.token_count or 0 for row in rows},
        earlier=Earlier(count=position, tokens=oldest.tokens_before if oldest else 0),
        window=window,
        saved_window=window,
        oldest_position=position,
    )


def save_window(context: TurnContext) -> None:
    """Keep the window with the branch, if this call moved it."""
    if context.window is None or context.window == context.saved_window:
        return
    # Positions on a path are consecutive.
    boundary = next(n for n, message in enumerate(context.history) if message.id == context.window.boundary)
    position = context.oldest_position + boundary
    models.Branch.objects.filter(pk=context.branch_id).update(
        window={"limiter": context.window.to_dict(), "position": position}
    )
    context.saved_window = context.window


def _saved_window(branch: models.Branch, token_limit: int) -> Window | None:
    """The window of this branch, if it belongs to this token limit: a changed limit starts afresh."""
    saved = branch.window.get("limiter")
    window = Window.from_dict(saved) if saved else None
    return window if window is not None and window.token_limit == token_limit else None


def _newest_rows(
    branch: models.Branch, counter: TokenCounter, *, limit: int | None, down_to: int
) -> list[models.Message]:
    """The newest rows, oldest first, from the start of a turn: all from `down_to`, or more than `limit` tokens."""
    rows: list[models.Message] = []
    uncounted: list[models.Message] = []
    tokens = 0
    for row in branches.newest_first(branch, down_to=down_to):
        if row.token_encoding != counter.name or row.token_count is None:
            row.token_count, row.token_encoding = counter.message(to_value(row)), counter.name
            uncounted.append(row)
        rows.append(row)
        tokens += row.token_count
        if limit is not None and tokens > limit and row.role == models.Message.Role.USER and len(rows) > 1:
            break
    models.Message.objects.bulk_update(uncounted, ["token_count", "token_encoding"], batch_size=200)
    rows.reverse()
    return _from_a_question(rows)


def _from_a_question(rows: Sequence[models.Message]) -> list[models.Message]:
    start = next((n for n, row in enumerate(rows) if row.role == models.Message.Role.USER), len(rows))
    return list(rows[start:])


def check_fits(*, agent: Agent, model: LanguageModel, values: SettingValues, text: str) -> None:
    """ContextImpossible, with the sizes, if a message could not be sent even alone."""
    limiter_for(agent=agent, model=model, values=values).fit([user_text(text, id="new")])
