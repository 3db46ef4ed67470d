"""Reads a scenario from a TOML file. What is wrong with it is said with its place, and nothing is served then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from pydantic import Field, model_validator

from agents.sandbox.mistakes import Strict, parse_toml, read_text
from agents.sandbox.request import WireName
from agents.sandbox.scenario.rules import Cue, Match, Rule, Scenario, UsageOverride
from agents.sandbox.script.beats import Call
from agents.sandbox.script.faults import FaultName, find_fault

_UNIONS = ("str", "int", "dict[str,any]")


class _ToolCall(Strict):
    """`arguments` is a table, or the very text that the model is to write, be it JSON or not."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] | str = {}


class _Usage(Strict):
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    thought_tokens: int | None = Field(default=None, ge=0)
    cache_read_tokens: int | None = Field(default=None, ge=0)
    cache_write_tokens: int | None = Field(default=None, ge=0)


class _Match(Strict):
    wire: WireName | None = None
    model: str = "*"
    contains: str = ""
    rounds: int | None = Field(default=None, ge=0)
    call: int | None = Field(default=None, ge=1)


class _Then(Strict):
    say: str | None = None
    tool_calls: list[_ToolCall] = []
    think: int | str | None = None
    fault: FaultName | None = None
    usage: _Usage = _Usage()
    delay: float = Field(default=0.0, ge=0, le=600)
    slow: bool = False

    @model_validator(mode="after")
    def _is_playable(self) -> _Then:
        if not self.model_fields_set:
            raise ValueError("must say what to answer: say, tool_calls, think, fault, usage, delay or slow")
        fault = find_fault(self.fault) if self.fault else None
        if fault and fault.kind == "refused" and (self.say is not None or self.tool_calls or self.think):
            raise ValueError(f"the fault {fault.name} is an HTTP answer, so that nothing can be said beside it")
        if fault and fault.kind in ("text", "ending") and self.tool_calls:
            raise ValueError(f"the fault {fault.name} strikes a text, so that it cannot have tool_calls")
        if fault and fault.kind == "tool" and not self.tool_calls:
            raise ValueError(f"the fault {fault.name} strikes a tool call, so that it needs tool_calls")
        return self


class _Rule(Strict):
    match: _Match = _Match()
    then: _Then


class _File(Strict):
    rule: list[_Rule] = Field(min_length=1)


def load_scenario(path: Path) -> Scenario:
    """The scenario in the file `path`. Raises FileError for a file that cannot be read, or is wrong."""
    return read_scenario(read_text(path), name=str(path))


def read_scenario(text: str, *, name: str = "scenario") -> Scenario:
    """The scenario that `text` describes; `name` is what errors call it. Raises FileError."""
    parsed = parse_toml(text, shape=_File, name=name, unions=_UNIONS)
    return Scenario([Rule(match=Match(**rule.match.model_dump()), cue=_cue(rule.then)) for rule in parsed.rule])


def _cue(then: _Then) -> Cue:
    return Cue(
        say=then.say,
        calls=tuple(Call(name=call.name, arguments=_arguments(call)) for call in then.tool_calls),
        think=then.think,
        fault=find_fault(then.fault) if then.fault else None,
        usage=UsageOverride(**then.usage.model_dump()),
        delay=then.delay,
        slow=then.slow,
    )


def _arguments(call: _ToolCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else orjson.dumps(call.arguments).decode()
