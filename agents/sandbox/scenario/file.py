"""Reads a scenario from a TOML file. What is wrong with it is said with its place, and nothing is served then."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from agents.sandbox.request import WireName
from agents.sandbox.scenario.rules import Cue, Match, Rule, Scenario, UsageOverride
from agents.sandbox.script.beats import Call
from agents.sandbox.script.faults import FaultName, find_fault


class ScenarioError(Exception):
    """The file cannot be played; the message tells where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _ToolCall(_Strict):
    """`arguments` is a table, or the very text that the model is to write, be it JSON or not."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] | str = {}


class _Usage(_Strict):
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    thought_tokens: int | None = Field(default=None, ge=0)
    cache_read_tokens: int | None = Field(default=None, ge=0)
    cache_write_tokens: int | None = Field(default=None, ge=0)


class _Match(_Strict):
    wire: WireName | None = None
    model: str = "*"
    contains: str = ""
    rounds: int | None = Field(default=None, ge=0)
    call: int | None = Field(default=None, ge=1)


class _Then(_Strict):
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


class _Rule(_Strict):
    match: _Match = _Match()
    then: _Then


class _File(_Strict):
    rule: list[_Rule] = Field(min_length=1)


def load_scenario(path: Path) -> Scenario:
    """The scenario in the file `path`. Raises ScenarioError for a file that cannot be read, or is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    return read_scenario(text, name=str(path))


def read_scenario(text: str, *, name: str = "scenario") -> Scenario:
    """The scenario that `text` describes; `name` is what errors call it. Raises ScenarioError."""
    try:
        parsed = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{name}: is not TOML: {error}") from None
    except ValidationError as error:
        told = "\n".join(f"{name}: {_told(one)}" for one in error.errors())
        raise ScenarioError(told) from None
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


def _told(error: ErrorDetails) -> str:
    """("rule", 0, "then", "fault") as "rule 1, then.fault"; the names of a union's members are left out."""
    steps = [step for step in error["loc"] if step not in ("str", "int", "dict[str,any]")]
    place = ".".join(str(step) for step in steps)
    if len(steps) > 1 and isinstance(steps[1], int):
        inner = ".".join(str(step + 1 if isinstance(step, int) else step) for step in steps[2:])
        place = f"rule {steps[1] + 1}" + (f", {inner}" if inner else "")
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
