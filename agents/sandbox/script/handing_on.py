"""Hands a question on to the agent that it is for, where `delegate` is offered, and passes on what came back.

The sandbox is no AI: words of the question tell which agent that is, and the report is passed on as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from agents.llm.messages import ToolResult
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Call, Play, Say
from agents.sandbox.script.inquiry import asks_inquiry

_DELEGATE = "delegate"
_DISAGREES = re.compile(
    r"\b(?:disagree(?:s|ment)?|mismatch(?:es)?|reconcil\w+|correlat\w+|differs?|differences?)\b", re.IGNORECASE
)
_MADE_FROM = re.compile(r"\n+(?:\[Summarised; recall [^\]]*\]|Results that [^\n]* found, by their handles: [^\n]*)\s*$")


@dataclass(frozen=True, kw_only=True)
class HandingOn:
    """`agent` is the slug of the one that the question is for."""

    agent: str

    def play(self, request: SandboxRequest, *, done: int) -> Play:
        if request.callable_tools and done == 0:
            says = Say(text=f"This is a question for `{self.agent}`: I hand it on.")
            arguments = orjson.dumps({"agent": self.agent, "task": request.asking_text}).decode()
            return Play(beats=(says, Call(name=_DELEGATE, arguments=arguments, tag="sbx1x")), ending="tool_calls")
        results = [part for message in request.since_asked for part in message.tool_results if part.name == _DELEGATE]
        return Play(beats=(Say(text=self._passed_on(results)),))

    def _passed_on(self, results: list[ToolResult]) -> str:
        if not results:
            return (
                f"This is a question for `{self.agent}`, but I may call no tools any more, so I could not hand it on."
            )
        text = results[-1].text
        if text.startswith("Error: "):
            return f"I handed this on to `{self.agent}`, and got no report. {text}"
        while (report := _MADE_FROM.sub("", text)) != text:
            text = report
        return f"{text}\n\nThis is the report of `{self.agent}`, as I got it."


def find_handing_on(request: SandboxRequest) -> HandingOn | None:
    """None where nothing can be handed on, and for a question that is for nobody else."""
    if _DELEGATE not in {tool.name for tool in request.tools} or request.must_call is not None:
        return None
    if _DISAGREES.search(request.asking_text):
        return HandingOn(agent="api-correlator")
    return HandingOn(agent="datadog-champion") if asks_inquiry(request.asking_text) else None
