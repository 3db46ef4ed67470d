"""What a run of the loop has called already. The same call a third time is answered from the record, and iterations
that bring nothing new end the run: a model that goes round in circles would only spend tokens.

Calls are the same if they name the same tool and their arguments are the same JSON, in whatever order and spacing.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agents.llm.arguments import parse_arguments
from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import ToolSet

OFTEN = 2
"""So often a call is run; from then on it is answered from the record."""

FRUITLESS = 3
"""So many iterations in a row without anything new end a run."""

SHOWN_AGAIN = 2_000
"""Characters of a recorded result: the model has been given more of it twice already."""

_NOTE = (
    "\n[This very call was made {times} times before in this turn, so it was not run again: this is what it said then. "
    "Do something else, or answer with what you have.]"
)


@dataclass(kw_only=True)
class _Calls:
    """Of one tool with the same arguments. `last` is the newest result, which may still be on its way."""

    made: int = 0
    failures: int = 0
    last: asyncio.Future[ToolResult] | None = None


@dataclass(kw_only=True)
class Repeats:
    """One run's record. `run` for each call, which is `really` run where it is new; `ended` after each iteration."""

    tools: ToolSet
    really: Callable[[ToolCall], Awaitable[ToolResult]]
    _calls: defaultdict[tuple[str, str], _Calls] = field(default_factory=lambda: defaultdict(_Calls))
    _fresh: bool = False
    _fruitless: int = 0

    async def run(self, call: ToolCall) -> ToolResult:
        """The result of the call, or that of an earlier one that was the same, with a note; also where all of them are
        asked for at once."""
        known = self._calls[call.name, _normalised(call.arguments)]
        known.made += 1
        often = known.made > OFTEN
        if often and known.last is not None and not self._is_repeatable(call):
            return _again(await asyncio.shield(known.last), call=call, times=known.made - 1)
        mine = known.last = asyncio.get_running_loop().create_future()
        try:
            result = await self.really(call)
        except BaseException:
            mine.cancel()
            raise
        mine.set_result(result)
        self._fresh = self._fresh or not (often or (known.failures and not result.ok))
        known.failures += not result.ok
        return result

    def ended(self) -> bool:
        """An iteration has ended: True once so many in a row brought nothing new that the next should be the last."""
        self._fruitless = 0 if self._fresh else self._fruitless + 1
        self._fresh = False
        return self._fruitless >= FRUITLESS

    def _is_repeatable(self, call: ToolCall) -> bool:
        tool = self.tools.get(call.name)
        return tool is not None and tool.repeatable


def _normalised(arguments: str) -> str:
    try:
        return json.dumps(parse_arguments(arguments), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return arguments.strip()


def _again(result: ToolResult, *, call: ToolCall, times: int) -> ToolResult:
    """A plain result, so that nothing is kept whole once more. It tells no handle: whoever keeps results adds those, to
    the earlier ones, and there or in the notes that take their place the model finds them."""
    shown = result.text if len(result.text) <= SHOWN_AGAIN else f"{result.text[:SHOWN_AGAIN]}…"
    text = shown + _NOTE.format(times=times)
    return ToolResult(call_id=call.id, name=call.name, text=text, ok=result.ok)
