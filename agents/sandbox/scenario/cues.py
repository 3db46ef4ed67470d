"""Plays what a rule of a scenario says."""

from __future__ import annotations

from dataclasses import replace

from agents.sandbox.performance import Act, Ended
from agents.sandbox.prompt_cache import CacheUse
from agents.sandbox.request import SandboxRequest
from agents.sandbox.scenario.rules import Cue, UsageOverride
from agents.sandbox.script.beats import Beat, Call, Play, Say, Think
from agents.sandbox.script.player import choose_play, rounds_done
from agents.sandbox.script.spoiled import spoiled_calls, spoiled_text
from agents.sandbox.script.thought import thought_text
from agents.sandbox.script.words import Words


def cued_play(cue: Cue, *, request: SandboxRequest, words: Words) -> Play:
    """The play of `cue`, as far as it says one; for the rest that of the words."""
    play = _said(cue, request=request) or choose_play(request, words=words, fault=cue.fault)
    thought = _thought(cue, request=request)
    if thought is not None:
        rest = tuple(beat for beat in play.beats if not isinstance(beat, Think))
        play = replace(play, beats=(thought, *rest))
    play = play.stopped_at(request.stop)
    return replace(play, pace="slow") if cue.slow else play


def with_reported_input(request: SandboxRequest, *, usage: UsageOverride) -> SandboxRequest:
    """The request as the usage of its reply is to tell it."""
    use = request.cached
    cached = CacheUse(
        read=_or(usage.cache_read_tokens, use.read),
        written=_or(usage.cache_write_tokens, use.written),
        written_long=0 if usage.cache_write_tokens is not None else use.written_long,
    )
    return replace(request, input_tokens=_or(usage.input_tokens, request.input_tokens), cached=cached)


def with_reported_output(act: Act, *, usage: UsageOverride) -> Act:
    if not isinstance(act, Ended):
        return act
    return replace(
        act,
        output_tokens=_or(usage.output_tokens, act.output_tokens),
        thought_tokens=_or(usage.thought_tokens, act.thought_tokens),
    )


def _said(cue: Cue, *, request: SandboxRequest) -> Play | None:
    """None where the cue says neither a text nor tool calls, or nothing that its fault could strike."""
    calls = tuple(_tagged(call, request=request) for call in cue.calls)
    strikes_call = cue.fault is not None and cue.fault.kind == "tool"
    if calls and (strikes_call or cue.fault is None):
        said: tuple[Beat, ...] = (Say(text=cue.say),) if cue.say else ()
        play = spoiled_calls(calls, fault=cue.fault) if cue.fault else Play(beats=calls, ending="tool_calls")
        return replace(play, beats=(*said, *play.beats))
    if cue.say is None or strikes_call:
        return None
    return spoiled_text(cue.say, fault=cue.fault) if cue.fault else Play(beats=(Say(text=cue.say),))


def _tagged(call: Call, *, request: SandboxRequest) -> Call:
    """The round is told in a call's id, as the script does, so that rounds can be counted."""
    return replace(call, tag=f"sbx{rounds_done(request) + 1}x")


def _thought(cue: Cue, *, request: SandboxRequest) -> Think | None:
    if cue.think is None or isinstance(cue.think, str):
        return Think(text=cue.think) if cue.think else None
    return Think(text=thought_text(tokens=cue.think, factor=request.model.token_factor)) if cue.think else None


def _or(wanted: int | None, counted: int) -> int:
    return counted if wanted is None else wanted
