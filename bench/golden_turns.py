"""The golden investigations, as turns of this installation on the sandbox's company, at a moment that stands still."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from agents import registry, roster
from agents.llm.messages import Message, ToolResult
from agents.llm.tools import ToolSet
from agents.models import LanguageModel, StoredResult
from agents.roster import Agent, agent_named, equipped
from agents.sandbox.app import SandboxApp
from agents.sandbox.company.app import Company
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.settings_resolution import effective
from agents.threads import in_thread
from agents.tools.datadog.toolbox import datadog_tools
from chat import actions, context, engine, recall_reader
from chat.message_rows import to_value
from chat.models import Conversation, Iteration, Turn
from chat.models import Message as MessageRow

NOW = 1_769_850_030.0  # 2026-01-31 09:00:30 UTC
CHAMPION, CORRELATOR = "datadog-champion", "api-correlator"
QUESTIONS = (
    (CHAMPION, "Why are we seeing 500 errors in payment-service?"),
    (CORRELATOR, "Which orders disagree with their payments?"),
    (CORRELATOR, "Is every order reserved in the inventory?"),
)
_POLL = 0.02


@dataclass(frozen=True, kw_only=True)
class Investigation:
    """`sent`: the input tokens of each model call, as the provider counted. `history`: question, answers and results
    as the model was given them; `wholes`: by handle, all that a tool found. `tools` read its conversation."""

    agent: Agent
    model: LanguageModel
    question: str
    sent: Sequence[int]
    history: Sequence[Message]
    wholes: dict[str, str]
    tools: ToolSet

    @property
    def results(self) -> list[ToolResult]:
        return [result for message in self.history for result in message.tool_results]


def let_time_stand_still() -> None:
    """Of the company, and of the agent that looks into it."""
    company = Company(clock=lambda: NOW)
    registry.use_sandbox(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0)), company=company))
    tools = datadog_tools(clock=lambda: NOW, company=lambda: company)
    roster.ROSTER = tuple(
        replace(agent, own_tools=lambda: tools) if agent.slug == CHAMPION else agent for agent in roster.ROSTER
    )


async def investigate(user: User, models: Sequence[LanguageModel]) -> list[Investigation]:
    """Every question on every one of `models`."""
    await engine.ensure_started()
    try:
        asked = [(model, slug, question) for model in models for slug, question in QUESTIONS]
        turns = [await in_thread(_begin)(user, model, agent=slug, question=text) for model, slug, text in asked]
        return [await _ended(turn) for turn in turns]
    finally:
        await engine.stop()


def _begin(user: User, model: LanguageModel, /, *, agent: str, question: str) -> uuid.UUID:
    conversation = Conversation.objects.create(owner=user, title=question[:80], model=model, agent=agent)
    sent = actions.send(user=user, conversation_id=conversation.pk, client_message_id=uuid.uuid4().hex, text=question)
    return sent.turn.pk


async def _ended(turn: uuid.UUID) -> Investigation:
    while True:
        if await in_thread(_has_ended)(turn):
            return await in_thread(_read)(turn)
        await asyncio.sleep(_POLL)


def _has_ended(turn_id: uuid.UUID) -> bool:
    status = Turn.objects.values_list("status", flat=True).get(pk=turn_id)
    assert status == "completed" or status not in Turn.ENDED, f"a golden investigation ended as {status}"
    return status in Turn.ENDED


def _read(turn_id: uuid.UUID) -> Investigation:
    turn = Turn.objects.select_related("conversation__owner", "conversation__model__provider").get(pk=turn_id)
    conversation = turn.conversation
    model, agent = conversation.model, agent_named(conversation.agent)
    assert model is not None, "it was asked with one"
    assert agent is not None, "the same"
    rows = list(MessageRow.objects.filter(conversation=conversation).select_related("branch").order_by("position"))
    assert rows[0].branch is not None, "it has been claimed"
    calls = Iteration.objects.filter(turn=turn).order_by("n").values_list("model_call__input_tokens", flat=True)
    loaded = context.load(
        branch=rows[0].branch,
        agent=equipped(agent),
        model=model,
        values=effective(user=conversation.owner, model=model).values,
    )
    history = [to_value(row) for row in rows]
    stored = dict(StoredResult.objects.filter(scope=str(conversation.pk)).values_list("handle", "text"))
    return Investigation(
        agent=equipped(agent),
        model=model,
        question=rows[0].parts[0]["text"],
        sent=[tokens or 0 for tokens in calls],
        history=history,
        wholes={result.handle: stored[result.handle] for message in history for result in message.tool_results},
        tools=recall_reader.bound_tools(loaded, conversation=conversation),
    )
