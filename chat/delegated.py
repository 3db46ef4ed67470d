"""What a turn hands on to other agents: one run at a time, each inside of a call of the `delegate` tool.

A run has the turn's model and settings, its user's place in the queue, and a part of its iterations, of which one is
kept for the agent that hands on. It ends with the turn, whatever ends that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agents.budget import Budget
from agents.llm.errors import ToolFailed
from agents.llm.messages import Usage
from agents.llm.tools import Summarised, running_call
from agents.threads import in_thread
from agents.tools.delegate import Task
from chat import delegated_context
from chat.admission import Admission
from chat.asking import Asking
from chat.delegated_run import DelegatedLoop, Inside
from chat.event_log import EventLog
from chat.lease import Lease
from chat.models import Turn
from chat.turn_start import Start

FEWEST = 2
"""Iterations without which a run is not begun: one to look, one to sum up."""


class Delegation:
    """`called_in` is the turn's own iteration that goes on, `admission` that of the calls of its run. `spend` is told
    what each call used."""

    def __init__(
        self,
        *,
        turn: Turn,
        lease: Lease,
        log: EventLog,
        start: Start,
        budget: Budget,
        spend: Callable[[Usage], None],
        asking: Asking,
    ) -> None:
        self.called_in = 0
        self.admission = Admission(lease=lease, log=log)
        self._inside = Inside(
            turn=turn, lease=lease, log=log, start=start, spend=spend, admission=self.admission, asking=asking
        )
        self._budget = budget
        self._one_at_a_time = asyncio.Lock()

    async def hand_on(self, task: Task) -> Summarised:
        """The report of the agent that got it. Raises ToolFailed with a text for the model."""
        call = running_call.get().id
        async with self._one_at_a_time:
            lent = self._budget.lend(keep=1)
            if lent.left < FEWEST:
                raise ToolFailed(
                    f"too few iterations are left to hand a task on ({lent.left}). Answer with what you have, and say "
                    "that a higher Max Iterations allows more"
                )
            begin = in_thread(delegated_context.begin)
            inside = self._inside
            begun = await begin(inside.start, task=task, turn=inside.turn, call=call, called_in=self.called_in)
            return await DelegatedLoop(inside=inside, begun=begun, budget=lent).report()
