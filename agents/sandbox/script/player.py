"""Chooses the play for a request. The same request always gets the same play."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson

from agents.llm.messages import ToolSpec
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.answers import answer_text
from agents.sandbox.script.beats import Accident, Call, Play, Say
from agents.sandbox.script.collation import find_collation
from agents.sandbox.script.faults import Fault, find_fault
from agents.sandbox.script.handing_on import find_handing_on
from agents.sandbox.script.inquiry import find_inquiry
from agents.sandbox.script.samples import sample_arguments
from agents.sandbox.script.spoiled import spoiled_calls, spoiled_text
from agents.sandbox.script.thought import thought_of
from agents.sandbox.script.words import Words

MOST_PARALLEL_CALLS = 64
_CALL_SOURCE = "call_source"
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
    known = find_handing_on(request) or find_inquiry(request) or find_collation(request) if words == Words() else None
    if known is not None:
        return known.play(request, done=rounds_done(request))
    if _calls_due(request, words=words):
        return _round_of_calls(request, words=words)
    return Play(beats=(Say(text=answer_text(request, words=words, done=rounds_done(request), fault=None)),))


def _spoiled(request: SandboxRequest, *, words: Words, fault: Fault) -> Play:
    if fault.kind == "tool":
        return spoiled_calls(_calls(request, number=1, count=2, words=words), fault=fault)
    text = answer_text(request, words=words, done=rounds_done(request), fault=fault)
    return spoiled_text(text, fault=fault)


def _calls_due(request: SandboxRequest, *, words: Words) -> bool:
    forced = request.must_call is not None
    if words.post and not forced and _posting(request, words=words, number=1) is None:
        return False
    return bool(request.callable_tools) and (forced or rounds_done(request) < words.rounds)


def _round_of_calls(request: SandboxRequest, *, words: Words) -> Play:
    number = rounds_done(request) + 1
    count = 1 if request.one_call else max(1, min(words.parallel, MOST_PARALLEL_CALLS))
    posting = _posting(request, words=words, number=number)
    calls = (posting,) * count if posting else _calls(request, number=number, count=count, words=words)
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(call.name for call in calls))
    say = Say(text=f"Round {number} of {max(number, words.rounds)}: I call {names}.")
    return Play(beats=(say, *calls), ending="tool_calls")


def _posting(request: SandboxRequest, *, words: Words, number: int) -> Call | None:
    """None where that was not asked, or cannot be done."""
    if words.post is None or _CALL_SOURCE not in {tool.name for tool in request.callable_tools}:
        return None
    asked = {"source": words.post.source, "path": words.post.path, "method": "POST"}
    # The body goes as it was written: whether it is JSON at all is for others to find out.
    arguments = f'{orjson.dumps(asked).decode()[:-1]},"body":{words.post.body}}}'
    return Call(name=_CALL_SOURCE, arguments=arguments, tag=f"sbx{number}x")


def _calls(request: SandboxRequest, *, number: int, count: int, words: Words) -> tuple[Call, ...]:
    """`count` calls of round `number` (from 1), of the tool that was asked for, or taking turns among all.
    A task is handed on only where that was asked for, or there is nothing else to call: it would be another turn's
    worth of rounds."""
    only = request.must_call or words.call
    tools = [tool for tool in request.callable_tools if only in ("", tool.name)]
    if not only:
        tools = [tool for tool in tools if tool.name != "delegate"] or tools
    places = range((number - 1) * count, number * count)
    return tuple(_call(tools[n % len(tools)], number=number, before=n // len(tools), words=words) for n in places)


def _call(tool: ToolSpec, *, number: int, before: int, words: Words) -> Call:
    """With the arguments that were asked for, else made-up ones. `before` is how often it was called in earlier rounds:
    a loop that repeats itself would be ended."""
    written = words.arguments or orjson.dumps(sample_arguments(tool.parameters, variant=before)).decode()
    return Call(name=tool.name, arguments=written, tag=f"sbx{number}x")
