"""What comes back from a delegated run: its answer, the handles of what it found, and the whole of it to recall."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.budget import WhyLast
from agents.llm.errors import LLMError
from agents.llm.messages import Message, TextPart, ToolCall, ToolResult
from agents.llm.tools import Summarised

MOST_HANDLES = 12

_WHY_LAST = {
    "iteration_limit": "It was asked to sum up when the iterations of this turn were used up.",
    "no_progress": "It was asked to sum up when its calls brought nothing new any more.",
}


def report(name: str, history: Sequence[Message], *, why_last: WhyLast) -> Summarised:
    """`history` begins at the task and ends with the answer."""
    told = [history[-1].text.strip(), _WHY_LAST.get(why_last, ""), _found(name, history)]
    return Summarised(summary="\n\n".join(filter(None, told)), whole=transcript(name, history))


def failure(name: str, error: LLMError, history: Sequence[Message]) -> str:
    """What the model is told where the run could not be ended: what was found until then is not lost."""
    return " ".join(filter(None, [f"{name} could not end its task: {error.message}", _found(name, history)]))


def transcript(name: str, history: Sequence[Message]) -> str:
    return "\n\n".join(f"[{n}] {_who(name, message)}:\n{_said(message)}" for n, message in enumerate(history, start=1))


def _found(name: str, history: Sequence[Message]) -> str:
    results = [part for message in history for part in message.tool_results if part.ok]
    told = [f"{part.handle} ({part.name})" for part in results]
    if not told:
        return ""
    older = len(told) - MOST_HANDLES
    more = f", and {older} before them" if older > 0 else ""
    return f"Results that {name} found, by their handles: {', '.join(told[-MOST_HANDLES:])}{more}."


def _who(name: str, message: Message) -> str:
    return {"user": "Task", "assistant": name, "tool": "Results"}[message.role]


def _said(message: Message) -> str:
    return "\n".join(_lines(message))


def _lines(message: Message) -> Iterable[str]:
    for part in message.parts:
        match part:
            case TextPart():
                yield part.text
            case ToolCall():
                yield f"calls {part.name} with {part.arguments}"
            case ToolResult():
                yield f"result {part.handle} of {part.name}:\n{part.text}"
