"""What a delegated run is built from: the other agent, the task, and nothing of the conversation but its results."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.availability import check_agent
from agents.effective_settings import values_of
from agents.llm.calibration import Calibration
from agents.llm.errors import ToolFailed
from agents.llm.messages import Message, user_text
from agents.llm.receipt import Earlier
from agents.llm.tools import ToolSet
from agents.llm.window import Window
from agents.models import LanguageModel
from agents.roster import Agent, agent_named, equipped
from agents.setting_ranges import SettingValues
from agents.tools.delegate import Task
from chat.calibrations import Calibrations, calibration_of
from chat.context import TurnContext, limiter_for
from chat.delegated_reader import DelegatedReader
from chat.models import DelegatedRun, Turn
from chat.recall_reader import tools_reading
from chat.turn_start import Start


@dataclass(frozen=True, kw_only=True)
class Begun:
    """`row` is not written yet."""

    row: DelegatedRun
    context: TurnContext
    tools: ToolSet


def begin(start: Start, *, task: Task, turn: Turn, call: str, called_in: int) -> Begun:
    """With the model and the settings of the turn that `start` began. Reads rows. ToolFailed where there is no such
    agent, or an admin switched it off."""
    named = agent_named(task.agent)
    if named is None:
        raise ToolFailed(
            f"the agent {task.agent} {check_agent(task.agent)}, so nothing was handed on. Go on without it, and say in "
            "your answer what it would have looked for"
        )
    agent, values, model = equipped(named), start.context.values, start.model
    asked = user_text(task.text, id=str(uuid.uuid4()))
    context = _context(turn, agent=agent, model=model, values=values, calibrations=start.context.calibrations)
    context.history.append(asked)
    owner, pk = turn.conversation.owner_id, turn.conversation_id
    reader = DelegatedReader(context=context, owner_id=owner, conversation_id=pk)
    row = DelegatedRun(turn=turn, called_in=called_in, call=call, agent=agent.slug, messages=entries([(0, asked)]))
    return Begun(row=row, context=context, tools=tools_reading(context, reader))


def entries(said: Sequence[tuple[int, Message]]) -> list[dict[str, Any]]:
    """Messages as the run's row keeps them, each with the number of its iteration."""
    return [{"n": n, **message.to_dict()} for n, message in said]


def to_keep(context: TurnContext) -> dict[str, Any]:
    """What `restored` needs besides the messages."""
    window = context.window.to_dict() if context.window else None
    return {"window": window, "calibration": context.calibration.to_dict()}


def restored(run: DelegatedRun, *, turn: Turn, model: LanguageModel, agent: Agent) -> TurnContext:
    """The context of the newest call, from the rows. `agent` is equipped as it is now."""
    context = _context(turn, agent=agent, model=model, values=values_of(turn.settings), calibrations={})
    context.history.extend(Message.from_dict(entry) for entry in run.messages)
    if window := run.context.get("window"):
        context.window = Window.from_dict(window)
    if calibration := run.context.get("calibration"):
        context.calibrate(Calibration.from_dict(calibration))
    return context


def _context(
    turn: Turn, *, agent: Agent, model: LanguageModel, values: SettingValues, calibrations: Calibrations
) -> TurnContext:
    """Without any message. The caps on earlier messages do not matter: there are none."""
    limiter = limiter_for(agent=agent, model=model, values=values, calibrations=calibrations)
    branch = turn.conversation.active_branch_id
    assert branch is not None, "a claimed turn is bound to a branch"
    return TurnContext(
        agent=agent,
        model=model,
        values=values,
        limiter=limiter,
        conversation_id=turn.conversation_id,
        branch_id=branch,
        calibrations=calibrations,
        calibration=calibration_of(calibrations, model=model, counter=limiter.counter),
        history=[],
        counts={},
        earlier=Earlier(),
        window=None,
        saved_window=None,
        oldest_position=0,
        lane=f"-{agent.slug}",
    )
