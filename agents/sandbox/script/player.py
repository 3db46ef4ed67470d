"""Chooses the play for a request. The same request always gets the same play."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson

from agents.llm.messages import ToolSpec
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.answers import answer_text
from agents.sandbox.script.beats import Accident, Call, Play, Say
from agents.sandbox.script.faults import Fault, find_fault
from agents.sandbox.script.handing_on import find_handing_on
from agents.sandbox.script.inquiry import find_inquiry
from agents.sandbox.script.samples import sample_arguments
from agents.sandbox.script.spoiled import spoiled_calls, spoiled_text
from agents.sandbox.script.thought import thought_of
from agents.sandbox.script.words import Words

MOST_PARALLEL_CALLS = 64
_ROUND_TAG = re.compile(r"sbx(\d+)x")


def choose_play(request: SandboxRequest, *, words: Words, fault: Fault | None) -> Play:
    """The play for `request`; `fault` strikes in it, if given."""
    play = _spoiled(request, words=words, fault=fault) if fault else _whole(request, words=words)
    play = _thoughtful(play.stopped_at(request.stop), request=request, words=words)
    return replace(play, pace="slow" if words.slow else "lively")


def fault_due(request: SandboxRequest, words: Words) -> Fault | None:
    """The fault that was asked for, if this request is the one that it strikes.

    One that needs a tool call strikes the first round, any other the answer after all rounds of tool calls.
    """
    fault = find_fault(words.fault)
    if fault is None or request.wire not in fault.wires:
        return None
    if fault.name == "no_stream_options" and not request.body.get("stream_options"):
        return None
    if fault.kind == "tool":
        return fault if request.callable_tools and rounds_done(request) == 0 else None
    return None if _calls_due(request, words=words) else fault


def rounds_done(request: SandboxRequest) -> int:
    """Rounds of tool calls since the user's text. The call ids tell, even where some rounds were left out of what was
    sent."""
    asked = [message for message in request.since_asked if message.tool_calls]
    tags = (_ROUND_TAG.search(call.id) for message in asked for call in message.tool_calls)
    return max([len(asked), *(int(tag[1]) for tag in tags if tag)])


def _thoughtful(play: Play, *, request: SandboxRequest, words: Words) -> Play:
    """The play with the thought before it, unless the stream is to break first of all."""
    thought = thought_of(request, words=words)
    if thought is None or (play.beats and isinstance(play.beats[0], Accident)):
        return play
    return replace(play, beats=(thought, *play.beats))


def _whole(request: SandboxRequest, *, words: Words) -> Play:
    if words == Words() and (inquiry := find_handing_on(request) or find_inquiry(request)):
        return inquiry.play(request, done=rounds_done(request))
    if _calls_due(request, words=words):
        return _round_of_calls(request, words=words)
    return Play(beats=(Say(text=answer_text(request, words=words, done=rounds_done(request), fault=None)),))


def _spoiled(request: SandboxRequest, *, words: Words, fault: Fault) -> Play:
    if fault.kind == "tool":
        return spoiled_calls(_calls(request, number=1, count=2), fault=fault)
    text = answer_text(request, words=words, done=rounds_done(request), fault=fault)
    return spoiled_text(text, fault=fault)


def _calls_due(request: SandboxRequest, *, words: Words) -> bool:
    forced = request.must_call is not None
    return bool(request.callable_tools) and (forced or rounds_done(request) < words.rounds)


def _round_of_calls(request: SandboxRequest, *, words: Words) -> Play:
    number = rounds_done(request) + 1
    count = 1 if request.one_call else max(1, min(words.parallel, MOST_PARALLEL_CALLS))
    calls = _calls(request, number=number, count=count)
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(call.name for call in calls))
    say = Say(text=f"Round {number} of {max(number, words.rounds)}: I call {names}.")
    return Play(beats=(say, *calls), ending="tool_calls")


def _calls(request: SandboxRequest, *, number: int, count: int) -> tuple[Call, ...]:
    """`count` calls of round `number` (from 1), taking turns among the tools. A task is handed on only where there is
    nothing else to call: it would be another turn's worth of rounds."""
    tools = [tool for tool in request.callable_tools if request.must_call in (None, "", tool.name)]
    tools = [tool for tool in tools if tool.name != "delegate"] or tools
    places = range((number - 1) * count, number * count)
    return tuple(_call(tools[n % len(tools)], number=number, before=n // len(tools)) for n in places)


def _call(tool: ToolSpec, *, number: int, before: int) -> Call:
    """`before` is how often this one was called in earlier rounds: a loop that repeats itself would be ended."""
    arguments = orjson.dumps(sample_arguments(tool.parameters, variant=before)).decode()
    return Call(name=tool.name, arguments=arguments, tag=f"sbx{number}x")
